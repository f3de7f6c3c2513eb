"""Segmentation: the coarse net's one window over the whole field of view, and the way back."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from spine.imaging.axes import AxisWeights, centered_positions, interpolate, linear_weights
from spine.imaging.resampling import antialias, centered_grid, resample_labels
from spine.imaging.volume import Grid, LabelMap, Volume
from spine.preprocessing.fine import FineSpec
from spine.preprocessing.scores import highest


@dataclass(frozen=True, slots=True)
class WindowSpec:
    """Input of the coarse net: three-dimensional, over the whole field of view.

    Attributes
    ----------
    spacing_mm, shape : of the window, both in the order right, anterior, superior
    """

    spacing_mm: tuple[float, float, float]
    shape: tuple[int, int, int]

    @property
    def network_shape(self) -> tuple[int, int, int, int]:
        """Shape of one network input: channel, right, superior, anterior."""
        right, anterior, superior = self.shape
        return 1, right, superior, anterior

    def grid(self, source: Grid) -> Grid:
        """Return the window around the center of a source grid."""
        return centered_grid(source, self.shape, self.spacing_mm)


@dataclass(frozen=True, slots=True)
class SegmentationSpec:
    """Input of the segmentation: a coarse net, and where there is one, a fine net behind it.

    See docs/adr/0034-coarse-then-fine.md.
    """

    coarse: WindowSpec
    fine: FineSpec | None = None
    kind: Literal["segmentation"] = "segmentation"


def window_from_volume(volume: Volume, spec: WindowSpec) -> NDArray[np.float32]:
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
    window = _resampled(volume, spec)
    normalized = (window - np.float32(mean)) / np.float32(deviation)
    # (right, anterior, superior) -> (right, superior, anterior)
    return np.ascontiguousarray(normalized.transpose(0, 2, 1)[None])


def _resampled(volume: Volume, spec: WindowSpec) -> NDArray[np.float32]:
    """Interpolate onto the window, one axis after the other, which they share.

    Beyond the centers of the outermost voxels stands the image's darkest value.
    """
    grid = volume.grid
    data = antialias(volume.data, np.asarray(spec.spacing_mm) / grid.spacing_mm)
    beyond = []
    for axis in range(3):
        length = grid.shape[axis]
        position = centered_positions(
            spec.shape[axis], spec.spacing_mm[axis], length, grid.spacing_mm[axis]
        )
        data = interpolate(data, linear_weights(position, length), axis)
        beyond.append((position < 0) | (position > length - 1))
    # A copy: where nothing had to be interpolated, this still is the volume's own data.
    window = np.array(data)
    for axis, places in enumerate(beyond):
        np.moveaxis(window, axis, 0)[places] = volume.data.min()
    return window


def window_from_classes(classes: LabelMap, spec: WindowSpec) -> NDArray[np.uint8]:
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
    scores: NDArray[np.float32], spec: WindowSpec, grid: Grid
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
    # (classes, right, superior, anterior) -> (classes, right, anterior, superior)
    scores = scores.transpose(0, 1, 3, 2)
    axes = window_weights(spec, grid)
    box = _box_of_classes(scores, axes)
    right, anterior, superior = (
        weights.within(side) for weights, side in zip(axes, box, strict=True)
    )
    native = (
        interpolate(interpolate(interpolate(score, right, 0), anterior, 1), superior, 2)
        for score in scores
    )
    classes = np.zeros(grid.shape, dtype=np.uint8)
    classes[box] = highest(native, classes[box].shape)
    return classes


def _box_of_classes(
    scores: NDArray[np.float32], axes: tuple[AxisWeights, ...]
) -> tuple[slice, slice, slice]:
    """Bound the native voxels that can be other than background, to spare the interpolation.

    A voxel all of whose neighbors in the window are background is background too.
    """
    found = scores[1:].max(axis=0) > scores[0]
    right, anterior, superior = (
        _touched(found.any(axis=tuple({0, 1, 2} - {axis})), weights)
        for axis, weights in enumerate(axes)
    )
    return right, anterior, superior


def _touched(found: NDArray[np.bool_], weights: AxisWeights) -> slice:
    """Return the samples inside with a neighbor among those found, and all between them."""
    places = np.flatnonzero((found[weights.lower] | found[weights.upper]) & weights.inside)
    return slice(int(places[0]), int(places[-1]) + 1) if places.size else slice(0, 0)


def window_weights(spec: WindowSpec, grid: Grid) -> tuple[AxisWeights, AxisWeights, AxisWeights]:
    """Place the voxels of a native grid in its window, axis by axis: right, anterior, superior."""
    right, anterior, superior = (
        linear_weights(
            centered_positions(
                grid.shape[axis], grid.spacing_mm[axis], spec.shape[axis], spec.spacing_mm[axis]
            ),
            spec.shape[axis],
        )
        for axis in range(3)
    )
    return right, anterior, superior
