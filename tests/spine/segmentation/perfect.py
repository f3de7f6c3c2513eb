"""Networks that are none: they know the classes and look up where they are asked."""

import numpy as np

from spine.anatomy.labels import FineClass, TissueClass, fine_from_tissue
from spine.imaging.volume import LabelMap, Volume
from spine.preprocessing.fine import stack_from_labels, stack_from_volume
from spine.preprocessing.segmentation import window_from_classes, window_from_volume


def noise(classes: LabelMap, seed: int = 0) -> Volume:
    """An image all of whose pixels differ, so that a window is known by its content."""
    data = np.random.default_rng(seed).random(classes.data.shape, np.float32)
    return Volume(data, classes.affine)


class PerfectCoarse:
    """Returns the true classes of the window, mirrored where the window is."""

    def __init__(self, volume, classes, spec):
        self._window = window_from_volume(volume, spec)
        target = window_from_classes(classes, spec)
        self._scores = np.eye(len(TissueClass), dtype=np.float32)[target].transpose(3, 0, 1, 2)

    def __call__(self, batch):
        straight = np.array_equal(batch[0], self._window)
        assert straight or np.array_equal(batch[0], self._window[:, ::-1])
        return (self._scores if straight else self._scores[:, ::-1])[None]


class PerfectFine:
    """Returns the true classes of each window, wherever it was cut."""

    def __init__(self, volume, classes, spec):
        self._stack = stack_from_volume(volume, spec)
        self._target = fine_from_tissue(stack_from_labels(classes, spec))
        self.windows = []

    def __call__(self, batch):
        return np.concatenate([self._one(middle) for middle in batch[:, 1]])

    def _one(self, middle):
        height, width = middle.shape
        for place, row, column in np.argwhere(self._stack == middle[0, 0]):
            part = np.s_[place, row : row + height, column : column + width]
            if np.array_equal(self._stack[part], middle):
                self.windows.append((int(place), int(row), int(column)))
                scores = np.eye(len(FineClass), dtype=np.float32)[self._target[part]]
                return scores.transpose(2, 0, 1)[None]
        raise AssertionError("no such window")


def dice(first, second) -> float:
    return 2 * float((first & second).sum()) / float(first.sum() + second.sum())
