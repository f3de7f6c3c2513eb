"""Columns made by hand, for what only looks at a part of them."""

import numpy as np

from research.segflow.levels import Column
from research.segflow.straightening import Straightened


def column_of(discs: tuple[int, ...], lumbar_scores: np.ndarray) -> Column:
    """Return a column of which only the discs and their scores mean anything."""
    nothing = np.zeros((1, 1))
    straight = Straightened(
        np.zeros((1, 1, 1), dtype=np.float32), nothing, nothing, nothing[0], nothing[0], -8
    )
    return Column(straight, nothing[0], np.zeros((1, 1, 1)), discs, lumbar_scores, nothing[0], 30.0)
