"""How good the segmentation is: Dice through the service's own path, and levels."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from research.cohort import SubjectRecord, read_images, read_records
from research.measurements import Data, Measurement
from spine.anatomy.labels import DISC_BY_LABEL, DISC_LABELS, TissueClass, classes_from_labels
from spine.anatomy.levels import DiscLevel
from spine.errors import Refusal
from spine.findings import Segmentation
from spine.imaging import nifti
from spine.imaging.orientation import canonical
from spine.imaging.volume import LabelMap, Volume
from spine.inference.models import Model
from spine.preprocessing.segmentation import SegmentationSpec
from spine.segmentation.segmenter import SegmentationSettings, interpret, predict_classes

# SPIDER's labels as merged in the shared data, and the classes they hold.
REAL_CLASSES: dict[str, tuple[int, tuple[TissueClass, ...]]] = {
    "vertebra": (1, (TissueClass.CERVICAL, TissueClass.THORACIC, TissueClass.LUMBAR)),
    "disc": (2, (TissueClass.DISC,)),
    "canal": (3, (TissueClass.CSF, TissueClass.CORD)),
}
SMALLEST_REAL_DISC_MM3 = 300.0
COUNTED_FROM_BELOW = (
    DiscLevel.L5_S1,
    DiscLevel.L4_L5,
    DiscLevel.L3_L4,
    DiscLevel.L2_L3,
    DiscLevel.L1_L2,
    DiscLevel.T12_L1,
    DiscLevel.T11_T12,
    DiscLevel.T10_T11,
    DiscLevel.T9_T10,
)
REAL_IMAGE, REAL_LABELS = "_image.nii.gz", "_labels.nii.gz"


@dataclass(frozen=True, slots=True)
class CaseScore:
    """One case.

    Attributes
    ----------
    dice : by class name, only classes of which the reference has voxels
    wrong_levels : discs of the reference found under another name
    discs : discs of the reference
    """

    case: str
    dice: dict[str, float]
    wrong_levels: int
    discs: int
    levels_certain: bool
    refused: bool


def score_phantoms(cohort: Path, model: Model[SegmentationSpec]) -> list[CaseScore]:
    """Segment every case of a synthetic cohort and compare classes and level names."""
    return [_phantom(cohort, record, model) for record in read_records(cohort)]


def score_patients(folder: Path, model: Model[SegmentationSpec]) -> list[CaseScore]:
    """Segment real lumbar volumes on the native grid; sacrum and ribs have no reference."""
    cases = sorted(path.name.removesuffix(REAL_LABELS) for path in folder.glob(f"*{REAL_LABELS}"))
    return [_patient(folder, case, model) for case in cases]


def dice(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> float:
    """Return twice the overlap over the sum of sizes; NaN if both are empty."""
    total = int(first.sum()) + int(second.sum())
    return 2 * int((first & second).sum()) / total if total else float("nan")


def measurements(scores: Sequence[CaseScore], group: str, data: Data) -> list[Measurement]:
    """Summarize a group: mean and worst Dice of each class, wrong levels, refusals."""
    if not scores:
        return [Measurement(f"{group}: cases", None, "cases", data, 0)]
    rows = []
    for name in sorted({name for score in scores for name in score.dice}):
        values = [score.dice[name] for score in scores if name in score.dice]
        rows += [
            Measurement(f"{group}: Dice {name}, mean", _mean(values), "1", data, len(values)),
            Measurement(f"{group}: Dice {name}, worst", min(values), "1", data, len(values)),
        ]
    certain = [score for score in scores if score.levels_certain]
    counts = {
        "refused": sum(score.refused for score in scores),
        "levels uncertain": sum(not score.levels_certain for score in scores),
        "wrong level though certain": sum(score.wrong_levels > 0 for score in certain),
    }
    rows += [
        Measurement(f"{group}: {name}", count, "cases", data, len(scores), better="lower")
        for name, count in counts.items()
    ]
    return rows


def _phantom(cohort: Path, record: SubjectRecord, model: Model[SegmentationSpec]) -> CaseScore:
    volume, labels = read_images(cohort, record)
    predicted, found = _segmented(volume, model)
    truth = classes_from_labels(labels.data)
    scores = {
        tissue.name.lower(): dice(predicted.data == tissue, truth == tissue)
        for tissue in TissueClass
        if tissue and (truth == tissue).any()
    }
    discs = [value for value in DISC_BY_LABEL if (labels.data == value).any()]
    wrong = 0
    if isinstance(found, Segmentation):
        wrong = sum(
            _bears_another_name(found.labels.data[labels.data == value], value) for value in discs
        )
    return _score(record.subject_id, scores, found, wrong, len(discs))


def _patient(folder: Path, case: str, model: Model[SegmentationSpec]) -> CaseScore:
    volume = canonical(nifti.read_volume(folder / f"{case}{REAL_IMAGE}"))
    labels = canonical(nifti.read_labels(folder / f"{case}{REAL_LABELS}"))
    predicted, found = _segmented(volume, model)
    scores = {
        name: dice(np.isin(predicted.data, classes), labels.data == value)
        for name, (value, classes) in REAL_CLASSES.items()
    }
    wrong, discs = _wrong_real_levels(labels, found)
    return _score(case, scores, found, wrong, discs)


def _wrong_real_levels(labels: LabelMap, found: Segmentation | Refusal) -> tuple[int, int]:
    """Count reference discs, from the lowest up, most of whose found voxels bear another name.

    The lowest reference disc is L5/S1: SPIDER counts from below.
    """
    numbers, _ = ndimage.label(labels.data == REAL_CLASSES["disc"][0], np.ones((3, 3, 3)))
    smallest = SMALLEST_REAL_DISC_MM3 / float(np.prod(labels.grid.spacing_mm))
    parts = [np.argwhere(numbers == n) for n in range(1, numbers.max() + 1)]
    discs = sorted((p for p in parts if len(p) > smallest), key=lambda p: p[:, 2].mean())
    if isinstance(found, Refusal):
        return 0, len(discs)
    wrong = 0
    for level, voxels in zip(COUNTED_FROM_BELOW, discs, strict=False):
        wrong += _bears_another_name(found.labels.data[tuple(voxels.T)], DISC_LABELS[level])
    return wrong, len(discs)


def _bears_another_name(values: NDArray[np.uint8], value: int) -> bool:
    """Whether most of what was found of a reference disc is a disc of another level."""
    names = values[np.isin(values, list(DISC_BY_LABEL))]
    return len(names) > 0 and int(np.bincount(names).argmax()) != value


def _segmented(
    volume: Volume, model: Model[SegmentationSpec]
) -> tuple[LabelMap, Segmentation | Refusal]:
    classes = predict_classes(volume, model)
    return classes, interpret(volume, classes, model, SegmentationSettings())


def _score(
    case: str,
    scores: dict[str, float],
    found: Segmentation | Refusal,
    wrong: int,
    discs: int,
) -> CaseScore:
    refused = isinstance(found, Refusal)
    certain = isinstance(found, Segmentation) and found.quality.levels_certain
    return CaseScore(case, scores, wrong, discs, certain, refused)


def _mean(values: Iterable[float]) -> float:
    return float(np.mean(list(values)))
