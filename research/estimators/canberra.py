"""P1's distance between reports, and who lies nearest by it."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

Floats = NDArray[np.float64]

_ROWS_AT_ONCE = 512
# Far below the least difference of two distances, far above their rounding.
_TIE_BREAK = 1e-7


def canberra(a: Floats, b: Floats) -> Floats:
    """Return the distances, shape (len(a), len(b)); 0/0 counts as 0.

    Source
    ------
    P1, equation 1: one more of the same counts for less than one of another kind.
    """
    return np.asarray(cdist(a, b, metric="canberra"))


def nearest(
    features: Floats, count: int, rng: np.random.Generator
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """Find each report's nearest, itself first, shape (reports, count); exact.

    Hundreds of reports can be equal. Which of those at one distance count is drawn: always the
    first in the table would make hubs of them.
    """
    indices = np.empty((len(features), count), dtype=np.int32)
    distances = np.empty((len(features), count), dtype=np.float32)
    for start in range(0, len(features), _ROWS_AT_ONCE):
        rows = np.arange(start, min(start + _ROWS_AT_ONCE, len(features)))
        found = canberra(features[rows], features)
        keys = found + rng.uniform(0.0, _TIE_BREAK, size=found.shape)
        keys[np.arange(len(rows)), rows] = -1.0
        best = np.argpartition(keys, count - 1, axis=1)[:, :count]
        best = np.take_along_axis(best, np.take_along_axis(keys, best, 1).argsort(axis=1), axis=1)
        indices[rows] = best
        distances[rows] = np.take_along_axis(found, best, axis=1)
    return indices, distances
