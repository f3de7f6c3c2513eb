"""Discs of a labeled case with their frames: what a disc region is cut by, whatever the labels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from research.labeled.cases import LabeledCase
from research.labeled.label_sets import load_label_sets
from research.labeled.mapping import LabelMapping
from research.labeled.regions import discs_from_below
from spine.anatomy.geometry import DiscFrame
from spine.anatomy.labels import TissueClass
from spine.errors import Refusal
from spine.imaging.volume import LabelMap, Volume
from spine.segmentation.geometry import measure
from spine.segmentation.segmenter import SegmentationSettings, locate

DISC_SET = "disc"
# The class that stands for a set whose classes are not told apart.
_STANDING = (
    TissueClass.DISC, TissueClass.LUMBAR, TissueClass.THORACIC, TissueClass.CERVICAL,
    TissueClass.CSF, TissueClass.SACRUM, TissueClass.RIB,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class LabeledDisc:
    """One disc of a reference mask.

    Attributes
    ----------
    from_below : 1 is the lowest, as grading tables count
    center : of its voxels in the mask, mm, RAS+
    frame : measured as in the service; None where no disc was found at its place
    """

    from_below: int
    center: NDArray[np.float64]
    frame: DiscFrame | None


@dataclass(frozen=True, slots=True, eq=False)
class DiscCase:
    """A case's image and its discs, lowest first; `width_mm` is the ``w`` of P2."""

    volume: Volume
    discs: tuple[LabeledDisc, ...]
    width_mm: float


def measure_discs(case: LabeledCase, mapping: LabelMapping) -> DiscCase:
    """Find a case's discs on its reference mask and measure them by the service's own rules.

    The names that these rules give play no part: a disc is its place in the count from below,
    and its frame is that of the found disc which lies in it.
    """
    volume, sets = load_label_sets(case, mapping)
    references = discs_from_below(sets, mapping.class_sets.names.index(DISC_SET))
    found = locate(_classes(sets, mapping), SegmentationSettings())
    if isinstance(found, Refusal):
        discs = [LabeledDisc(n, _center(sets, v), None) for n, v in enumerate(references, start=1)]
        return DiscCase(volume, tuple(discs), float("nan"))
    geometry = measure(found.labels, found.instances.guide)
    frames = [disc.frame for disc in geometry.discs]
    discs = [
        LabeledDisc(number, _center(sets, voxels), _nearest(frames, _center(sets, voxels)))
        for number, voxels in enumerate(references, start=1)
    ]
    return DiscCase(volume, tuple(discs), geometry.mean_width_mm)


def _classes(sets: LabelMap, mapping: LabelMapping) -> LabelMap:
    """Let one class stand for each set."""
    lookup = np.zeros(len(mapping.class_sets.sets), np.uint8)
    for number, members in enumerate(mapping.class_sets.sets[1:], start=1):
        lookup[number] = next(tissue for tissue in _STANDING if tissue in members)
    return LabelMap(lookup[sets.data], sets.affine)


def _center(sets: LabelMap, voxels: NDArray[np.intp]) -> NDArray[np.float64]:
    return sets.grid.world_from_index(voxels.mean(axis=0))


def _nearest(
    frames: list[DiscFrame], center: NDArray[np.float64], reach_mm: float = 10.0
) -> DiscFrame | None:
    """Return the frame nearest to a disc's center, if it is not another disc's."""
    distances = [float(np.linalg.norm(np.asarray(f.center) - center)) for f in frames]
    if not distances or min(distances) > reach_mm:
        return None
    return frames[int(np.argmin(distances))]
