"""Removing what a network calls spine far away from the spine."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spine.anatomy.labels import TissueClass
from spine.imaging.volume import LabelMap

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
