"""Two readers of every examination, and the consensus that the tables print (P2, MRI parameters).

The readers are drawn around their consensus: where they differ, one of them is a grade off and
the discussion settles on the other. So the consensus grades keep P2's joint distribution.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from research.worlds.progression.settings import READER_DISAGREEMENT
from spine.anatomy.grades import Scale

Integers = NDArray[np.int64]


class Readings(NamedTuple):
    """Grades of both readers, of the consensus' shape."""

    first: Integers
    second: Integers


def read_independently(scale: Scale, consensus: Integers, rng: np.random.Generator) -> Readings:
    """Draw what both readers said before they talked."""
    grades = [int(grade) for grade in scale.grades]
    differs = rng.random(consensus.shape) < READER_DISAGREEMENT[scale]
    up = rng.random(consensus.shape) < 0.5
    other = consensus + np.where(up, 1, -1)
    # Beyond the end of a scale there is only the other side.
    other = np.where(other > max(grades), consensus - 1, other)
    other = np.where(other < min(grades), consensus + 1, other)
    is_first = rng.random(consensus.shape) < 0.5
    return Readings(
        np.where(differs & is_first, other, consensus),
        np.where(differs & ~is_first, other, consensus),
    )
