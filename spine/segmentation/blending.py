"""Blending: one slice's scores from windows that overlap."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spine.anatomy.labels import FineClass
from spine.segmentation.windows import Window


@dataclass(frozen=True, slots=True, eq=False)
class Blended:
    """Scores of the rectangle around a slice's windows.

    Attributes
    ----------
    scores : float32, shape (classes, superior, anterior); background outside the windows
    start : superior, anterior pixel of the stack at which the rectangle begins
    covered : which of its pixels lie in a window, shape (superior, anterior)
    """

    scores: NDArray[np.float32]
    start: tuple[int, int]
    covered: NDArray[np.bool_]

    def border(self, shape: tuple[int, ...]) -> NDArray[np.bool_]:
        """Return the covered pixels that end at image no window covers, like `covered`.

        Parameters
        ----------
        shape : of the stack's slice: superior, anterior
        """
        beyond = [
            (first == 0, first + length == side)
            for first, length, side in zip(self.start, self.covered.shape, shape, strict=True)
        ]
        around = np.pad(self.covered, 1)
        # Where the image itself ends, nothing is missed.
        (around[0], around[-1]), (around[:, 0], around[:, -1]) = beyond
        across, along = around[1:-1], around[:, 1:-1]
        inner = along[:-2] & along[2:] & across[:, :-2] & across[:, 2:]
        return self.covered & ~inner


def blend(scores: NDArray[np.float32], windows: Sequence[Window]) -> Blended:
    """Average windows with a weight that falls smoothly towards their edges.

    Parameters
    ----------
    scores : shape (windows, classes, superior, anterior)
    windows : of one slice, not empty
    """
    starts = np.array([(window.superior, window.anterior) for window in windows])
    first = starts.min(axis=0)
    height, width = starts.max(axis=0) - first + scores.shape[2:]
    total = np.zeros((scores.shape[1], height, width), dtype=np.float32)
    weight = np.zeros((height, width), dtype=np.float32)
    smooth = np.outer(_bell(scores.shape[2]), _bell(scores.shape[3]))
    for (row, column), score in zip(starts - first, scores, strict=True):
        part = np.s_[row : row + score.shape[1], column : column + score.shape[2]]
        total[:, *part] += score * smooth
        weight[part] += smooth
    covered = weight > 0
    total /= np.where(covered, weight, np.float32(1))
    total[FineClass.BACKGROUND][~covered] = 1
    return Blended(total, (int(first[0]), int(first[1])), covered)


def _bell(length: int) -> NDArray[np.float32]:
    """Return a squared sine: smooth, and above 0 on every pixel."""
    bell = np.sin(np.pi * (np.arange(length) + 0.5) / length) ** 2
    return bell.astype(np.float32)
