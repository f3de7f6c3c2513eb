"""Lumbar vertebrae told from those above by counting, where a data set labels them alike."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.segmentation import watershed

from spine.anatomy.levels import DiscLevel
from spine.imaging.volume import LabelMap

# In a spine of five lumbar and twelve thoracic vertebrae; SPIDER's tables count so.
COUNTED_FROM_BELOW = (
    DiscLevel.L5_S1, DiscLevel.L4_L5, DiscLevel.L3_L4, DiscLevel.L2_L3, DiscLevel.L1_L2,
    DiscLevel.T12_L1, DiscLevel.T11_T12, DiscLevel.T10_T11, DiscLevel.T9_T10, DiscLevel.T8_T9,
    DiscLevel.T7_T8, DiscLevel.T6_T7,
)  # fmt: skip
# Less is a speck. Of the discs counted in the 24 patients none is near it.
SMALLEST_DISC_MM3 = 300.0


@dataclass(frozen=True, slots=True)
class Counting:
    """How a data set's vertebrae are counted, from its lowest disc upward.

    Attributes
    ----------
    vertebra : index of the set that all vertebrae are labeled as; the counted ones keep it
    above : index of the set of those further up
    disc, canal : indices of the sets that say where a vertebra ends, and what is its body
    number : of vertebrae counted
    """

    vertebra: int
    above: int
    disc: int
    canal: int
    number: int


def with_regions(sets: LabelMap, counting: Counting) -> LabelMap:
    """Give the vertebrae above the counted ones a set of their own.

    Bodies are parted at the disc between the two regions; posterior elements, which reach past
    it, go with the body that they are joined to by the shortest way; fragments joined to none are
    parted at the disc as well.

    Parameters
    ----------
    sets : canonical orientation; the lowest disc in view is the lowest of the spine
    """
    discs = discs_from_below(sets, counting.disc)
    if len(discs) <= counting.number:
        return sets
    center, up = _plane(discs[counting.number], sets.grid.spacing_mm)
    vertebra = sets.data == counting.vertebra
    voxels = np.argwhere(vertebra)
    side = np.zeros(vertebra.shape, dtype=np.uint8)
    side[tuple(voxels.T)] = 1 + ((voxels * sets.grid.spacing_mm - center) @ up > 0)
    seeds = np.where(_in_front_of(sets.data == counting.canal), side, 0)
    joined = watershed(np.zeros_like(seeds), seeds, mask=vertebra)
    above = np.where(joined > 0, joined, side) == 2
    return LabelMap(np.where(above, counting.above, sets.data).astype(np.uint8), sets.affine)


def discs_from_below(labels: LabelMap, disc: int) -> list[NDArray[np.intp]]:
    """Return the voxels of each disc, shape (n, 3), lowest first; specks are none.

    Parameters
    ----------
    disc : the value that all discs are labeled as
    """
    numbers, count = ndimage.label(labels.data == disc, np.ones((3, 3, 3)))
    smallest = SMALLEST_DISC_MM3 / float(np.prod(labels.grid.spacing_mm))
    parts = [np.argwhere(numbers == number) for number in range(1, count + 1)]
    return sorted((p for p in parts if len(p) > smallest), key=lambda p: float(p[:, 2].mean()))


def _plane(
    disc: NDArray[np.intp], spacing_mm: tuple[float, float, float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return a disc's center in mm of the grid, and the direction of its thickness, upward."""
    points = disc * np.array(spacing_mm)
    center = points.mean(axis=0)
    _, axes = np.linalg.eigh(np.cov((points - center).T))
    thin: NDArray[np.float64] = axes[:, 0]
    return center, thin if thin[2] > 0 else -thin


def _in_front_of(canal: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return what lies before the canal's front, which is carried on where it is not in view."""
    heights = np.flatnonzero(canal.any(axis=(0, 1)))
    anterior = np.arange(canal.shape[1])[:, None]
    if not len(heights):
        return np.ones_like(canal)
    fronts = np.where(canal.any(axis=0), anterior, -1).max(axis=0)[heights]
    front = np.interp(np.arange(canal.shape[2]), heights, fronts)
    return np.broadcast_to(anterior > front, canal.shape)
