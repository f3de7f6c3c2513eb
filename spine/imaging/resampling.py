"""Interpolation of volumes and label maps onto another grid."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spine.imaging.volume import Grid, LabelMap, Volume


def resample(volume: Volume, grid: Grid, outside: float = 0.0) -> Volume:
    """Interpolate linearly onto a grid; voxels beyond the source get `outside`.

    Where the target is coarser than the source, the source is first smoothed
    along each axis with a Gaussian of sigma (ratio - 1) / 2 source voxels, so that thin
    structures do not alias.
    """
    matrix, offset = _source_from_target(volume.affine, grid)
    smooth = _antialias(volume.data, matrix)
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


def _antialias(data: NDArray[np.float32], matrix: NDArray[np.float64]) -> NDArray[np.float32]:
    ratio = np.abs(matrix).max(axis=1)
    sigma = np.clip((ratio - 1) / 2, 0, None)
    if (sigma < 0.05).all():
        return data
    smooth: NDArray[np.float32] = ndimage.gaussian_filter(data, sigma, truncate=2.0)
    return smooth
