"""Removing what a network calls spine far away from the spine, or where another saw none."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spine.anatomy.labels import FineClass, TissueClass
from spine.imaging.axes import centered_positions
from spine.imaging.volume import Grid, LabelMap

# Spinous processes may be cut off by thick slices, but not be farther from the column than this.
ISLAND_MM = 15.0
_COARSE_MM = 3.5


def without_islands(classes: LabelMap) -> LabelMap:
    """Clear every part that lies apart from the largest connected one; ribs may.

    Parameters
    ----------
    classes : values of `TissueClass`
    """
    steps = [max(1, round(_COARSE_MM / spacing)) for spacing in classes.grid.spacing_mm]
    i, j, k = steps
    coarse = classes.data[::i, ::j, ::k]
    parts, count = ndimage.label((coarse > 0) & (coarse != TissueClass.RIB), np.ones((3, 3, 3)))
    if count < 2:
        return classes
    column = int(np.bincount(parts.ravel())[1:].argmax()) + 1
    spacing = np.asarray(classes.grid.spacing_mm) * steps
    near = ndimage.maximum_filter(
        (parts == column).astype(np.uint8), size=[2 * int(ISLAND_MM / step) + 1 for step in spacing]
    )
    kept = np.unique(parts[near > 0])
    far = (parts > 0) & ~np.isin(parts, kept)
    if not far.any():
        return classes
    cleared = classes.data.copy()
    cleared[_refined(far, steps, cleared.shape)] = TissueClass.BACKGROUND
    return LabelMap(cleared, classes.affine)


def without_strays(fine: NDArray[np.uint8], grid: Grid, coarse: LabelMap) -> NDArray[np.uint8]:
    """Clear connected vertebrae and discs of the fine net where the coarse net sees none nearby.

    The coarse net sees the whole field of view and does not take the pelvis for a vertebra.

    Parameters
    ----------
    fine : values of `FineClass`, shape (i, j, k)
    grid : of `fine`; shares axes and center with `coarse`
    coarse : values of `TissueClass`
    """
    steps = [max(1, round(_COARSE_MM / spacing)) for spacing in grid.spacing_mm]
    i, j, k = steps
    parts, count = ndimage.label(np.isin(fine[::i, ::j, ::k], _COLUMN_FINE), np.ones((3, 3, 3)))
    if not count:
        return fine
    near = ndimage.maximum_filter(
        np.isin(coarse.data, _COLUMN).astype(np.uint8),
        size=[2 * int(ISLAND_MM / step) + 1 for step in coarse.grid.spacing_mm],
    )
    kept = np.unique(parts[near[_places(grid, coarse.grid, steps)] > 0])
    stray = (parts > 0) & ~np.isin(parts, kept)
    if not stray.any():
        return fine
    cleared = fine.copy()
    cleared[_refined(stray, steps, fine.shape) & np.isin(fine, _COLUMN_FINE)] = FineClass.BACKGROUND
    return cleared


_COLUMN = (TissueClass.CERVICAL, TissueClass.THORACIC, TissueClass.LUMBAR, TissueClass.DISC)
_COLUMN_FINE = (FineClass.VERTEBRA, FineClass.DISC)


def _places(grid: Grid, source: Grid, steps: list[int]) -> tuple[NDArray[np.intp], ...]:
    """Return the source's voxels nearest to every so manieth voxel of a grid, for indexing."""
    axes = zip(grid.shape, grid.spacing_mm, source.shape, source.spacing_mm, steps, strict=True)
    return np.ix_(
        *(
            np.clip(np.rint(centered_positions(n, mm, m, source_mm)[::step]), 0, m - 1).astype(int)
            for n, mm, m, source_mm, step in axes
        )
    )


def _refined(
    mask: NDArray[np.bool_], steps: list[int], shape: tuple[int, ...]
) -> NDArray[np.bool_]:
    """Repeat a coarse mask, grown by a voxel, on the fine grid."""
    grown = ndimage.binary_dilation(mask, np.ones((3, 3, 3)))
    rows = [
        np.minimum((np.arange(length) + step // 2) // step, side - 1)
        for length, step, side in zip(shape, steps, grown.shape, strict=True)
    ]
    fine: NDArray[np.bool_] = grown[np.ix_(*rows)]
    return fine
