"""Fine segmentation: sagittal slices at one pixel size, each with what lies beside it.

The fine net is two-dimensional. It sees windows of a *stack*: the native slices at
their own places, resampled in plane only. Training and service share these functions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from spine.imaging.axes import AxisWeights, centered_positions, interpolate, linear_weights
from spine.imaging.resampling import antialias, centered_grid
from spine.imaging.volume import Grid, LabelMap, Volume
from spine.preprocessing.scores import highest


@dataclass(frozen=True, slots=True)
class FineSpec:
    """Input of the fine net.

    Attributes
    ----------
    pixel_mm : in plane, along both axes
    shape : of a window: anterior, superior
    neighbor_mm : how far to the left and right the outer channels look
    overlap : of windows that follow each other along an axis, in pixels
    """

    pixel_mm: float = 0.9
    shape: tuple[int, int] = (128, 256)
    neighbor_mm: float = 3.0
    overlap: int = 32

    def __post_init__(self) -> None:
        if not 0 <= 2 * self.overlap < min(self.shape):
            raise ValueError("the overlap must be smaller than half a window")

    @property
    def network_shape(self) -> tuple[int, int, int]:
        """Shape of one network input: channel (left, slice, right), superior, anterior."""
        anterior, superior = self.shape
        return 3, superior, anterior


def fine_grid(grid: Grid, spec: FineSpec) -> Grid:
    """Return the grid of the stack: native slices, resampled in plane around the same center.

    It is as large as the image, and at least as large as a window.

    Parameters
    ----------
    grid : canonical orientation
    """
    slice_mm, *in_plane_mm = grid.spacing_mm
    anterior, superior = (
        max(window, ceil(length * step_mm / spec.pixel_mm - 1e-6))
        for length, step_mm, window in zip(grid.shape[1:], in_plane_mm, spec.shape, strict=True)
    )
    shape = (grid.shape[0], anterior, superior)
    return centered_grid(grid, shape, (slice_mm, spec.pixel_mm, spec.pixel_mm))


def stack_from_volume(volume: Volume, spec: FineSpec) -> NDArray[np.float32]:
    """Normalize the whole image, then resample every slice in plane.

    Mean and SD are those of the whole image before any crop, as for the coarse window;
    where a window is larger than the image, padding gets the image's darkest value.

    Parameters
    ----------
    volume : canonical orientation

    Returns
    -------
    float32, shape (slices, superior, anterior), zero mean and unit SD over the source
    """
    mean = float(volume.data.mean(dtype=np.float64))
    deviation = float(volume.data.std(dtype=np.float64)) or 1.0
    darkest = np.float32((float(volume.data.min()) - mean) / deviation)
    ratio = np.array([0.0, *(spec.pixel_mm / step for step in volume.grid.spacing_mm[1:])])
    data = (antialias(volume.data, ratio) - np.float32(mean)) / np.float32(deviation)
    anterior, superior = _stack_weights(volume.grid, spec)
    data = interpolate(interpolate(data, anterior, 1), superior, 2)
    data[:, ~anterior.inside] = darkest
    data[:, :, ~superior.inside] = darkest
    # (right, anterior, superior) -> (right, superior, anterior)
    return np.ascontiguousarray(data.transpose(0, 2, 1))


def stack_from_labels(labels: LabelMap, spec: FineSpec) -> NDArray[np.uint8]:
    """Carry labels of any meaning into the stack: the training target of `stack_from_volume`.

    Parameters
    ----------
    labels : canonical orientation

    Returns
    -------
    uint8, the nearest value, 0 outside the image, shape (slices, superior, anterior)
    """
    anterior, superior = _stack_weights(labels.grid, spec)
    data = labels.data.take(anterior.nearest, axis=1).take(superior.nearest, axis=2)
    data[:, ~anterior.inside] = 0
    data[:, :, ~superior.inside] = 0
    # (right, anterior, superior) -> (right, superior, anterior)
    return np.ascontiguousarray(data.transpose(0, 2, 1))


def with_neighbors(
    stack: NDArray[np.float32],
    slice_spacing_mm: float,
    spec: FineSpec,
    slices: Sequence[int] | None = None,
) -> NDArray[np.float32]:
    """Put beside each slice what lies `neighbor_mm` to its left and to its right.

    Between slices it is interpolated; beyond the first and last, the edge slice stands.
    Series with slices of 0.9 and of 5 mm then look alike.

    Parameters
    ----------
    stack : every slice, shape (slices, superior, anterior), or any part of it in plane
    slice_spacing_mm : between slice centers
    slices : which to return; None for all

    Returns
    -------
    float32, shape (slices, 3, superior, anterior); channels left, slice, right
    """
    places = np.arange(len(stack)) if slices is None else np.asarray(slices)
    step = spec.neighbor_mm / slice_spacing_mm
    # The first axis runs to the patient's right.
    left, right = (
        interpolate(stack, linear_weights(np.float64(side) + places, len(stack)), 0)
        for side in (-step, step)
    )
    return np.stack([left, stack[places], right], axis=1)


def fine_classes_from_scores(
    scores: NDArray[np.float32], start: tuple[int, int], spec: FineSpec, grid: Grid
) -> NDArray[np.uint8]:
    """Interpolate the scores of one slice onto its native pixels and take the highest.

    Parameters
    ----------
    scores : of a part of the stack's slice, shape (classes, superior, anterior)
    start : superior, anterior pixel of the stack at which that part begins
    grid : of the volume that the stack was made of

    Returns
    -------
    uint8, values of `FineClass`, shape (j, k) of `grid`; 0, background, outside the part
    """
    anterior, superior = _native_weights(grid, spec, start, scores.shape[1:])
    j, k = _covered(anterior), _covered(superior)
    # (superior, anterior) -> (anterior, superior)
    native = interpolate(scores.transpose(0, 2, 1), anterior.within(j), 1)
    native = interpolate(native, superior.within(k), 2)
    classes = np.zeros(grid.shape[1:], dtype=np.uint8)
    classes[j, k] = highest(native, native.shape[1:])
    return classes


def _stack_weights(grid: Grid, spec: FineSpec) -> tuple[AxisWeights, AxisWeights]:
    """Place the stack's pixels between native ones: anterior, superior."""
    lengths = fine_grid(grid, spec).shape
    anterior, superior = (
        linear_weights(
            centered_positions(
                lengths[axis], spec.pixel_mm, grid.shape[axis], grid.spacing_mm[axis]
            ),
            grid.shape[axis],
        )
        for axis in (1, 2)
    )
    return anterior, superior


def _native_weights(
    grid: Grid, spec: FineSpec, start: tuple[int, int], shape: tuple[int, ...]
) -> tuple[AxisWeights, AxisWeights]:
    """Place native pixels between those of a part of the stack: anterior, superior."""
    lengths = fine_grid(grid, spec).shape
    anterior, superior = (
        linear_weights(
            centered_positions(
                grid.shape[axis], grid.spacing_mm[axis], lengths[axis], spec.pixel_mm
            )
            - start[2 - axis],
            shape[2 - axis],
        )
        for axis in (1, 2)
    )
    return anterior, superior


def _covered(weights: AxisWeights) -> slice:
    """Return the samples that lie inside, which follow each other."""
    found = np.flatnonzero(weights.inside)
    return slice(int(found[0]), int(found[-1]) + 1) if found.size else slice(0, 0)
