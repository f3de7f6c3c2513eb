"""Segmentation: one fixed window over the whole field of view, and the way back."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from spine.imaging.resampling import centered_grid, resample, resample_labels
from spine.imaging.volume import Grid, LabelMap, Volume


@dataclass(frozen=True, slots=True)
class SegmentationSpec:
    """Input of the segmentation network.

    Attributes
    ----------
    spacing_mm, shape : of the window, both in the order right, anterior, superior
    """

    spacing_mm: tuple[float, float, float]
    shape: tuple[int, int, int]
    kind: Literal["segmentation"] = "segmentation"

    @property
    def network_shape(self) -> tuple[int, int, int, int]:
        """Shape of one network input: channel, right, superior, anterior."""
        right, anterior, superior = self.shape
        return 1, right, superior, anterior

    def grid(self, source: Grid) -> Grid:
        """Return the window around the center of a source grid."""
        return centered_grid(source, self.shape, self.spacing_mm)


def window_from_volume(volume: Volume, spec: SegmentationSpec) -> NDArray[np.float32]:
    """Normalize the whole image, then resample and center crop or pad it to the window.

    Mean and SD are those of the whole image before any crop, so that they do not
    depend on the window; padding gets the image's darkest value.

    Parameters
    ----------
    volume : canonical orientation

    Returns
    -------
    float32, shape (1, right, superior, anterior), zero mean and unit SD over the source
    """
    mean = float(volume.data.mean(dtype=np.float64))
    deviation = float(volume.data.std(dtype=np.float64)) or 1.0
    darkest = float(volume.data.min())
    window = resample(volume, spec.grid(volume.grid), outside=darkest).data
    normalized = (window - np.float32(mean)) / np.float32(deviation)
    # (right, anterior, superior) -> (right, superior, anterior)
    return np.ascontiguousarray(normalized.transpose(0, 2, 1)[None])


def window_from_classes(classes: LabelMap, spec: SegmentationSpec) -> NDArray[np.uint8]:
    """Carry tissue classes into the window: the training target of `window_from_volume`.

    Parameters
    ----------
    classes : values of `TissueClass`, canonical orientation

    Returns
    -------
    uint8, shape (right, superior, anterior)
    """
    window = resample_labels(classes, spec.grid(classes.grid)).data
    # (right, anterior, superior) -> (right, superior, anterior)
    return np.ascontiguousarray(window.transpose(0, 2, 1))


def classes_from_scores(
    scores: NDArray[np.float32], spec: SegmentationSpec, grid: Grid
) -> NDArray[np.uint8]:
    """Interpolate each class's score onto the native grid and take the highest.

    Parameters
    ----------
    scores : logits or probabilities, shape (classes, right, superior, anterior)
    grid : of the volume that the window was cut from

    Returns
    -------
    uint8, shape (i, j, k) of `grid`; 0, background, outside the window
    """
    axes = [_linear_weights(spec, grid, axis) for axis in range(3)]
    best = np.full(grid.shape, -np.inf, dtype=np.float32)
    classes = np.zeros(grid.shape, dtype=np.uint8)
    for value, score in enumerate(scores):
        # (right, superior, anterior) -> (right, anterior, superior)
        native = score.transpose(0, 2, 1)
        for axis, weights in enumerate(axes):
            native = _interpolate(native, weights, axis)
        higher = native > best
        classes[higher] = value
        np.copyto(best, native, where=higher)
    for axis, weights in enumerate(axes):
        np.moveaxis(classes, axis, 0)[~weights.inside] = 0
    return classes


@dataclass(frozen=True, slots=True, eq=False)
class _Weights:
    """Linear interpolation along one axis: neighbors, share of the upper one, coverage."""

    lower: NDArray[np.intp]
    upper: NDArray[np.intp]
    share: NDArray[np.float32]
    inside: NDArray[np.bool_]


def _linear_weights(spec: SegmentationSpec, grid: Grid, axis: int) -> _Weights:
    """Place native voxels on the window's axis, which it shares in direction and center."""
    length, native_length = spec.shape[axis], grid.shape[axis]
    offset = np.arange(native_length) - (native_length - 1) / 2
    position = offset * grid.spacing_mm[axis] / spec.spacing_mm[axis] + (length - 1) / 2
    inside = (position > -0.5) & (position < length - 0.5)
    clipped = np.clip(position, 0, length - 1)
    lower = np.floor(clipped).astype(np.intp)
    upper = np.minimum(lower + 1, length - 1)
    return _Weights(lower, upper, (clipped - lower).astype(np.float32), inside)


def _interpolate(data: NDArray[np.float32], weights: _Weights, axis: int) -> NDArray[np.float32]:
    shape = [1, 1, 1]
    shape[axis] = -1
    share = weights.share.reshape(shape)
    below = data.take(weights.lower, axis=axis)
    below += share * (data.take(weights.upper, axis=axis) - below)
    return below
