"""What is known of a disc without an image, as columns of a design."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_MIDDLE_YEARS, _DECADE = 45.0, 10.0


def age_and_level(age_years: Floats, level: NDArray[np.str_]) -> Floats:
    """Return age in decades, its square, and one column a level; shape (discs, columns)."""
    decades = (age_years - _MIDDLE_YEARS) / _DECADE
    return np.column_stack([decades, decades**2, one_of(level)])


def one_of(values: NDArray[Any]) -> Floats:
    """Return one column of 0 and 1 a value that occurs, in order."""
    return np.asarray(values[:, None] == np.unique(values), dtype=np.float64)
