"""The fine pass: slice by slice, in windows along the spine that the coarse pass found."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spine.anatomy.labels import FineClass, TissueClass
from spine.imaging.volume import Grid, Volume
from spine.inference.models import Network
from spine.preprocessing.fine import (
    FineSpec,
    fine_classes_from_scores,
    stack_from_volume,
    with_neighbors,
)
from spine.preprocessing.segmentation import WindowSpec, window_weights
from spine.segmentation.blending import blend
from spine.segmentation.coarse import CoarseResult, finite_scores
from spine.segmentation.islands import without_islands, without_strays
from spine.segmentation.windows import Window, region_points, windows_along, windows_everywhere

# A vertebral body of the neck has 4 mL; less than two is no place to look at.
SMALLEST_REGION_MM3 = 8000.0
# A slice in which so much of the windows' border inside the image lies on spine shows a column
# that is cut: a body or the canal is deeper, a stray patch is not.
CUT_MM = 8.0
# Share of such slices above which the windows are not trusted.
CUT_SHARE = 0.25


@dataclass(frozen=True, slots=True, eq=False)
class FineNet:
    """The fine net, its input, and whether it sees the slices mirrored too."""

    network: Network
    spec: FineSpec
    mirrored: bool


def fine_pass(volume: Volume, coarse: CoarseResult, net: FineNet) -> NDArray[np.uint8]:
    """Run the fine net along the spine; over every slice where that cannot be trusted.

    It cannot where the coarse pass found too little, or where what the fine net calls spine
    runs out of its windows.

    Parameters
    ----------
    volume : canonical orientation

    Returns
    -------
    uint8, values of `FineClass`, shape (i, j, k) of the volume
    """
    stack = stack_from_volume(volume, net.spec)
    region = without_islands(coarse.classes)
    points = region_points(region, volume.grid, net.spec)
    if len(points) * float(np.prod(coarse.classes.grid.spacing_mm)) >= SMALLEST_REGION_MM3:
        windows = windows_along(points, volume.grid, net.spec)
        classes, share = _run(stack, windows, volume.grid, net)
        if share <= CUT_SHARE:
            return without_strays(classes, volume.grid, region)
    return _run(stack, windows_everywhere(volume.grid, net.spec), volume.grid, net)[0]


def with_regions(
    fine: NDArray[np.uint8], coarse: CoarseResult, spec: WindowSpec, grid: Grid
) -> NDArray[np.uint8]:
    """Tell the regions of the fine net's vertebrae by the coarse net's scores there.

    Parameters
    ----------
    fine : values of `FineClass` on the native grid

    Returns
    -------
    uint8, values of `TissueClass`, shape (i, j, k) of `grid`
    """
    classes = _TISSUES[fine]
    voxels = np.nonzero(fine == FineClass.VERTEBRA)
    # (right, anterior, superior) -> (right, superior, anterior)
    right, anterior, superior = (
        (weights.lower + weights.share)[at]
        for weights, at in zip(window_weights(spec, grid), voxels, strict=True)
    )
    places = np.stack([right, superior, anterior])
    scores = [
        ndimage.map_coordinates(coarse.scores[region], places, order=1, mode="nearest")
        for region in _REGIONS
    ]
    classes[voxels] = np.array(_REGIONS, dtype=np.uint8)[np.argmax(scores, axis=0)]
    return classes


# Ribs leave the windows as they leave the image.
_NOT_SPINE = (FineClass.BACKGROUND, FineClass.RIB)
_REGIONS = (TissueClass.CERVICAL, TissueClass.THORACIC, TissueClass.LUMBAR)
_TISSUES = np.array(
    [
        # Whichever: `with_regions` tells.
        TissueClass.THORACIC if fine is FineClass.VERTEBRA else TissueClass[fine.name]
        for fine in FineClass
    ],
    dtype=np.uint8,
)


def _run(
    stack: NDArray[np.float32], windows: Sequence[Window], grid: Grid, net: FineNet
) -> tuple[NDArray[np.uint8], float]:
    """Segment every slice; return the classes on the native grid, and the share of cut slices."""
    classes = np.zeros(grid.shape, dtype=np.uint8)
    seen = cut = 0
    for place in range(len(stack)):
        here = [w for w in windows if place in w.slices]
        if not here:
            continue
        blended = blend(_scores(stack, place, here, grid, net), here)
        classes[place] = fine_classes_from_scores(blended.scores, blended.start, net.spec, grid)
        on_border = blended.scores[:, blended.border(stack.shape[1:])].argmax(axis=0)
        touched = np.isin(on_border, _NOT_SPINE, invert=True).sum() * net.spec.pixel_mm
        cut += int(touched > CUT_MM)
        seen += 1
    return classes, cut / max(1, seen)


def _scores(
    stack: NDArray[np.float32], place: int, windows: Sequence[Window], grid: Grid, net: FineNet
) -> NDArray[np.float32]:
    """Return a slice's scores, shape (windows, classes, superior, anterior)."""
    anterior, superior = net.spec.shape
    batch = np.concatenate(
        [
            with_neighbors(
                stack[:, w.superior : w.superior + superior, w.anterior : w.anterior + anterior],
                grid.spacing_mm[0],
                net.spec,
                slices=(place,),
            )
            for w in windows
        ]
    )
    scores = finite_scores(net.network, batch)
    if not net.mirrored:
        return scores
    # Mirroring left to right leaves the slice as it is and swaps what lies beside it.
    other = finite_scores(net.network, batch[:, ::-1])
    return (scores + other) / np.float32(2)
