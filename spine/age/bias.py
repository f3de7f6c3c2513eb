"""Bias correction: predicted ages shrink towards the mean; a line takes the shrinkage back."""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from spine.inference.models import BiasLine

Years = TypeVar("Years", float, NDArray[np.float64])


def fit_bias(
    chronological_years: NDArray[np.floating], predicted_years: NDArray[np.floating]
) -> BiasLine:
    """Fit predicted = slope * chronological + intercept by least squares.

    Parameters
    ----------
    chronological_years, predicted_years : of normal validation cases, shape (cases,)

    Raises
    ------
    ValueError
        With fewer than three cases, or none that differ in age.

    Source
    ------
    P1, equation 2 (Cole's method).
    """
    if len(chronological_years) < 3 or np.ptp(chronological_years) == 0:
        raise ValueError("a bias line needs three cases of different ages")
    slope, intercept = np.polyfit(chronological_years, predicted_years, deg=1)
    return BiasLine(float(slope), float(intercept), len(chronological_years))


def correct_bias(predicted_years: Years, line: BiasLine) -> Years:
    """Return the age whose expected prediction is the given one, or of many (P1, equation 3)."""
    return (predicted_years - line.intercept_years) / line.slope
