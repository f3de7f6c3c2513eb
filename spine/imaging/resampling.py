"""Interpolation of volumes and label maps onto another grid."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spine.imaging.axes import centered_positions, linear_weights
from spine.imaging.volume import Grid, LabelMap, Volume


def resample(volume: Volume, grid: Grid, outside: float = 0.0) -> Volume:
    """Interpolate linearly onto a grid; voxels beyond the source get `outside`.

    Where the target is coarser than the source, the source is first smoothed
    along each axis with a Gaussian of sigma (ratio - 1) / 2 source voxels, so that thin
    structures do not alias.
    """
    matrix, offset = _source_from_target(volume.affine, grid)
    smooth = antialias(volume.data, np.abs(matrix).max(axis=1))
    data = ndimage.affine_transform(
        smooth,
        matrix,
        offset,
        grid.shape,
        order=1,
        mode="constant",
        cval=outside,
        output=np.float32,
    )
    return Volume(data, grid.affine)


def resample_labels(labels: LabelMap, grid: Grid) -> LabelMap:
    """Carry labels onto a grid by nearest neighbor; outside is background."""
    matrix, offset = _source_from_target(labels.affine, grid)
    data = ndimage.affine_transform(
        labels.data, matrix, offset, grid.shape, order=0, mode="constant", cval=0
    )
    return LabelMap(data, grid.affine)


def centered_labels(labels: LabelMap, grid: Grid) -> LabelMap:
    """Carry labels by nearest neighbor onto a grid of the same axes and center; outside is 0."""
    data = labels.data
    for axis in range(3):
        length, spacing = labels.grid.shape[axis], labels.grid.spacing_mm[axis]
        position = centered_positions(grid.shape[axis], grid.spacing_mm[axis], length, spacing)
        weights = linear_weights(position, length)
        data = data.take(weights.nearest, axis=axis)
        np.moveaxis(data, axis, 0)[~weights.inside] = 0
    return LabelMap(data, grid.affine)


def centered_grid(
    grid: Grid, shape: tuple[int, int, int], spacing_mm: tuple[float, float, float]
) -> Grid:
    """Return a grid of given shape and spacing with the axes and the center of another.

    Center crop or pad (P1, section 2.4) and resampling are then one interpolation.
    """
    directions = grid.affine[:3, :3] / np.asarray(grid.spacing_mm)
    center = grid.world_from_index((np.asarray(grid.shape) - 1) / 2)
    affine = np.eye(4)
    affine[:3, :3] = directions * np.asarray(spacing_mm)
    affine[:3, 3] = center - affine[:3, :3] @ ((np.asarray(shape) - 1) / 2)
    return Grid(shape, affine)


def _source_from_target(
    source_affine: NDArray[np.float64], grid: Grid
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    both = np.linalg.inv(source_affine) @ grid.affine
    return both[:3, :3], both[:3, 3]


def antialias(data: NDArray[np.float32], ratio: NDArray[np.float64]) -> NDArray[np.float32]:
    """Smooth an array that is about to be sampled more coarsely.

    Parameters
    ----------
    ratio : target over source spacing, one per axis; 1 or less leaves the axis as it is
    """
    sigma = np.clip((ratio - 1) / 2, 0, None)
    if (sigma < 0.05).all():
        return data
    smooth: NDArray[np.float32] = ndimage.gaussian_filter(data, sigma, truncate=2.0)
    return smooth


def interpolate(volume: Volume, grid: Grid, order: int = 3) -> Volume:
    """Interpolate with splines onto a grid of like spacing, within the range of the source.

    A voxel that coincides with one of the source keeps its value; one beyond the source
    repeats the nearest edge (`covered` tells which).

    Parameters
    ----------
    order : of the spline; 1 is linear
    """
    matrix, offset = _snapped(volume.affine, grid)
    if np.array_equal(matrix, np.round(matrix)) and np.array_equal(offset, np.round(offset)):
        order = 0
    data = ndimage.affine_transform(
        volume.data, matrix, offset, grid.shape, order=order, mode="nearest", output=np.float32
    )
    # A cubic spline overshoots at edges.
    return Volume(np.clip(data, volume.data.min(), volume.data.max()), grid.affine)


def covered(source: Grid, grid: Grid) -> NDArray[np.bool_]:
    """Return which voxels of a grid lie between voxel centers of another, shape of `grid`."""
    matrix, offset = _snapped(source.affine, grid)
    inside = np.ones(source.shape, dtype=np.uint8)
    found: NDArray[np.uint8] = ndimage.affine_transform(
        inside, matrix, offset, grid.shape, order=0, mode="constant", cval=0
    )
    return found > 0


def _snapped(
    source_affine: NDArray[np.float64], grid: Grid
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return target to source without the noise of arithmetic, which puts edge voxels outside."""
    matrix, offset = _source_from_target(source_affine, grid)
    return np.round(matrix, 6), np.round(offset, 4)
