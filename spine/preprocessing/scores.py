"""From scores to classes."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray


def highest(scores: Iterable[NDArray[np.floating]], shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Return the number of the highest score everywhere; of equal ones the first.

    Class after class, so that the scores need not all exist at once.

    Parameters
    ----------
    scores : one array of `shape` a class, all finite
    """
    best = np.full(shape, -np.inf, dtype=np.float32)
    classes = np.zeros(shape, dtype=np.uint8)
    for value, score in enumerate(scores):
        higher = score > best
        classes[higher] = value
        np.copyto(best, score, where=higher)
    return classes
