"""Agreement: how far the coarse net and its mirrored pass tell the same of each label."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spine.anatomy.labels import FineClass, classes_from_labels, fine_from_tissue
from spine.imaging.resampling import centered_labels
from spine.imaging.volume import LabelMap

# Of the coarse window, some 0.3 ml: a lumbar disc has 500 to 1,500.
SMALLEST_VOXELS = 30


@dataclass(frozen=True, slots=True, eq=False)
class Passes:
    """What the coarse net saw straight and mirrored.

    Attributes
    ----------
    plain, mirrored : values of `TissueClass` on the coarse window's grid; the mirrored one
        already turned back
    """

    plain: LabelMap
    mirrored: LabelMap


def disagreement(passes: Passes, labels: LabelMap) -> dict[int, float]:
    """Return 1 - Dice between the two passes for every label value that one of them saw well.

    Of a few voxels, such as a collapsed disc's in the coarse window, 1 - Dice says nothing.

    A label's voxels of a pass are those of its tissue where the label lies, or next to it.
    The region of a vertebra does not count: it is settled for the whole row.

    Parameters
    ----------
    labels : the final ones, values of `spine.anatomy.labels`
    """
    near = _grown(centered_labels(labels, passes.plain.grid).data)
    tissue = fine_from_tissue(classes_from_labels(near))
    seen = [
        (near > 0) & (fine_from_tissue(one.data) == tissue)
        for one in (passes.plain, passes.mirrored)
    ]
    plain, mirrored, both = (_sizes(near, part) for part in (*seen, seen[0] & seen[1]))
    values = np.flatnonzero(np.maximum(plain, mirrored) >= SMALLEST_VOXELS)
    return {
        int(value): 1 - 2 * int(both[value]) / int(plain[value] + mirrored[value])
        for value in values
    }


def vertebra_share(coarse: LabelMap, labels: LabelMap, value: int) -> float:
    """Return the share of a label's voxels that the coarse net calls a vertebra of any region.

    Parameters
    ----------
    coarse : values of `TissueClass`; shares axes and center with `labels`

    Returns
    -------
    1 where the label has no voxel in the coarse window
    """
    here = centered_labels(labels, coarse.grid).data == value
    if not here.any():
        return 1.0
    return float((fine_from_tissue(coarse.data[here]) == FineClass.VERTEBRA).mean())


def _grown(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Give the voxels next to a label its value."""
    around: NDArray[np.uint8] = ndimage.maximum_filter(labels, size=3)
    return np.where(labels > 0, labels, around)


def _sizes(labels: NDArray[np.uint8], part: NDArray[np.bool_]) -> NDArray[np.intp]:
    return np.bincount(labels[part], minlength=256)
