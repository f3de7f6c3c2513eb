"""One case: its outlines, its levels, and whether the quality gate lets it pass."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from research.labeled.regions import COUNTED_FROM_BELOW, discs_from_below
from research.validation.segmentation.overlap import dice, surface_distance_mm
from spine.anatomy.labels import (
    DISC_BY_LABEL,
    DISC_LABELS,
    VERTEBRA_LABELS,
    TissueClass,
    classes_from_labels,
)
from spine.anatomy.levels import DiscLevel, Level
from spine.errors import Refusal
from spine.findings import STUDY, Segmentation
from spine.imaging.volume import LabelMap, Volume
from spine.inference.models import SegmentationModel
from spine.segmentation.segmenter import SegmentationSettings, interpret, predict

# What SPIDER's labels tell apart, and the classes they hold.
REAL_CLASSES: dict[str, tuple[int, tuple[TissueClass, ...]]] = {
    "vertebra": (1, (TissueClass.CERVICAL, TissueClass.THORACIC, TissueClass.LUMBAR)),
    "disc": (2, (TissueClass.DISC,)),
    "canal": (3, (TissueClass.CSF, TissueClass.CORD)),
}
# What shows less below L5/S1 does not show S1.
S1_HEIGHT_MM = 30.0


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """A volume with its reference, and what came of it.

    Attributes
    ----------
    classes : of the networks, values of `TissueClass`
    found : named and measured, or why not
    """

    name: str
    volume: Volume
    reference: LabelMap
    classes: LabelMap
    found: Segmentation | Refusal


@dataclass(frozen=True, slots=True)
class CaseScore:
    """One case in figures.

    Attributes
    ----------
    dice, distance_mm : by class name, only classes of which the reference has voxels
    wrong_levels : discs of the reference found under another name, or not at all
    misnamed_levels : only those found under another name
    discs : discs of the reference
    refused : whether the study is, by the quality gate or before
    withheld_discs : single lumbar discs that the quality gate withholds
    anchored : whether sacrum or C2 is whole in view, so that levels can be certain
    """

    case: str
    dice: dict[str, float]
    distance_mm: dict[str, float]
    wrong_levels: int
    discs: int
    levels_certain: bool
    refused: bool
    withheld_discs: int = 0
    anchored: bool = True
    misnamed_levels: int = 0


def segmented(
    name: str,
    images: tuple[Volume, LabelMap],
    model: SegmentationModel,
    age_years: float | None,
) -> Case:
    """Segment a volume on the service's path.

    Parameters
    ----------
    images : volume and reference
    age_years : chronological, as the quality gate wants it; None where it is not known
    """
    settings = SegmentationSettings()
    volume, reference = images
    predicted = predict(volume, model, settings)
    found = interpret(volume, predicted, model, settings, age_years)
    return Case(name, volume, reference, predicted.classes, found)


def score_phantom(case: Case) -> CaseScore:
    """Compare all eight classes, after naming, and every level with the truth."""
    truth = classes_from_labels(case.reference.data)
    labels = case.found.labels.data if isinstance(case.found, Segmentation) else None
    predicted = case.classes.data if labels is None else classes_from_labels(labels)
    overlaps = {
        tissue.name.lower(): dice(predicted == tissue, truth == tissue)
        for tissue in TissueClass
        if tissue and (truth == tissue).any()
    }
    discs = [value for value in DISC_BY_LABEL if (case.reference.data == value).any()]
    wrong, misnamed = len(discs), 0
    if labels is not None:
        found = [(labels[case.reference.data == value], value) for value in discs]
        wrong = sum(is_named_otherwise(*one) for one in found)
        misnamed = sum(is_misnamed(*one) for one in found)
    score = _score(case, overlaps, {}, (wrong, len(discs)))
    return replace(score, anchored=is_anchored(case.reference), misnamed_levels=misnamed)


def is_anchored(reference: LabelMap) -> bool:
    """Whether a rendered view holds C2 whole, or the disc on S1 and S1 below it."""
    on_s1 = (value for value, disc in DISC_BY_LABEL.items() if disc.value.endswith("/S1"))
    return _is_whole(reference, VERTEBRA_LABELS[Level.C2]) or any(
        _is_whole(reference, value, S1_HEIGHT_MM) for value in on_s1
    )


def _is_whole(reference: LabelMap, value: int, field_below_mm: float = 0.0) -> bool:
    """Whether a structure lies clear of the upper edge, and so far of the lower one."""
    rows = np.flatnonzero((reference.data == value).any(axis=(0, 1)))
    if not len(rows) or rows[-1] == reference.data.shape[2] - 1:
        return False
    return rows[0] > 0 and float(rows[0] * reference.grid.spacing_mm[2]) >= field_below_mm


def score_patient(case: Case) -> CaseScore:
    """Compare what SPIDER labels, on the native grid; sacrum and ribs have no reference.

    Vertebrae, discs and canal are those of the result, after naming.
    """
    labels = case.found.labels.data if isinstance(case.found, Segmentation) else None
    predicted = case.classes.data if labels is None else classes_from_labels(labels)
    masks = {
        name: (np.isin(predicted, classes), case.reference.data == value)
        for name, (value, classes) in REAL_CLASSES.items()
    }
    spacing = case.volume.grid.spacing_mm
    discs = real_discs(case.reference)
    wrong = sum(
        labels is None or is_named_otherwise(labels[tuple(voxels.T)], DISC_LABELS[level])
        for level, voxels in zip(COUNTED_FROM_BELOW, discs, strict=False)
    )
    return _score(
        case,
        {name: dice(*pair) for name, pair in masks.items()},
        {name: surface_distance_mm(*pair, spacing) for name, pair in masks.items()},
        (wrong, len(discs)),
    )


def real_discs(reference: LabelMap) -> list[NDArray[np.intp]]:
    """Return the voxels of each disc of a real reference, lowest first.

    The lowest is L5/S1: SPIDER counts from below.
    """
    return discs_from_below(reference, REAL_CLASSES["disc"][0])


def is_named_otherwise(values: NDArray[np.uint8], value: int) -> bool:
    """Whether a reference disc is overlapped most by a disc of another level, or by none."""
    return not _names(values).size or is_misnamed(values, value)


def is_misnamed(values: NDArray[np.uint8], value: int) -> bool:
    """Whether a reference disc is overlapped most by a disc of another level."""
    names = _names(values)
    return bool(names.size) and int(np.bincount(names).argmax()) != value


def _names(values: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return values[np.isin(values, list(DISC_BY_LABEL))]


def without_sacrum(volume: Volume, reference: LabelMap) -> tuple[Volume, LabelMap]:
    """Cut off everything below the upper end of the lowest disc: S1 and L5/S1 are out of view."""
    top = int(real_discs(reference)[0][:, 2].max()) + 1
    affine = volume.affine.copy()
    affine[:3, 3] += top * affine[:3, 2]
    return Volume(volume.data[:, :, top:], affine), LabelMap(reference.data[:, :, top:], affine)


def _score(
    case: Case,
    overlaps: dict[str, float],
    distances: dict[str, float],
    levels: tuple[int, int],
) -> CaseScore:
    certain, refused, withheld = gate(case.found)
    return CaseScore(case.name, overlaps, distances, *levels, certain, refused, withheld)


def gate(found: Segmentation | Refusal) -> tuple[bool, bool, int]:
    """Return whether levels are certain, whether the study is refused, and how many discs are."""
    if isinstance(found, Refusal):
        return False, True, 0
    quality = found.quality
    withheld = [
        item for item in quality.refusals if item.subject != STUDY and _is_lumbar(item.subject)
    ]
    return quality.levels_certain, quality.refusal(STUDY) is not None, len(withheld)


def _is_lumbar(subject: str) -> bool:
    return DiscLevel(subject).is_lumbar
