"""A cohort on disk: one folder per subject with image, labels and truth, uncompressed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from spine.anatomy.grades import Scale
from spine.anatomy.levels import DiscLevel
from spine.imaging import nifti
from spine.imaging.orientation import canonical
from spine.imaging.volume import LabelMap, Volume

IMAGE_FILE = "image.nii"
LABELS_FILE = "labels.nii"
TRUTH_FILE = "truth.json"

Grades = Mapping[DiscLevel, Mapping[Scale, tuple[int, int]]]


@dataclass(frozen=True, slots=True)
class SubjectRecord:
    """What is known of a subject besides the images.

    Attributes
    ----------
    subject_id : name of the folder; splits are made by it
    age_years : chronological
    grades : per disc and scale, (baseline, five years later); empty where not followed
    """

    subject_id: str
    age_years: float
    sex: str
    grades: Grades


@dataclass(frozen=True, slots=True)
class Split:
    """Subjects of each part; none is in two."""

    training: tuple[SubjectRecord, ...]
    validation: tuple[SubjectRecord, ...]
    test: tuple[SubjectRecord, ...]


def write_subject(cohort: Path, record: SubjectRecord, volume: Volume, labels: LabelMap) -> None:
    """Write a subject's folder; the truth last, so that a folder with truth is complete."""
    folder = cohort / record.subject_id
    folder.mkdir(parents=True, exist_ok=True)
    nifti.write(volume, folder / IMAGE_FILE)
    nifti.write(labels, folder / LABELS_FILE)
    content = {
        "age_years": record.age_years,
        "sex": record.sex,
        "grades": {
            level.value: {scale.value: list(pair) for scale, pair in scales.items()}
            for level, scales in record.grades.items()
        },
    }
    (folder / TRUTH_FILE).write_text(json.dumps(content, indent=1) + "\n")


def read_records(cohort: Path) -> tuple[SubjectRecord, ...]:
    """Read the truth of every complete subject, sorted by name."""
    return tuple(_read_record(path) for path in sorted(cohort.glob(f"*/{TRUTH_FILE}")))


def read_images(cohort: Path, record: SubjectRecord) -> tuple[Volume, LabelMap]:
    """Read a subject's image and labels in canonical orientation."""
    folder = cohort / record.subject_id
    volume = canonical(nifti.read_volume(folder / IMAGE_FILE))
    return volume, canonical(nifti.read_labels(folder / LABELS_FILE))


def split_by_subject(
    records: Sequence[SubjectRecord], seed: int, validation_share: float, test_share: float
) -> Split:
    """Divide at random but reproducibly; every part gets all ages.

    Subjects are sorted by age and dealt out in blocks, so that parts differ little in age
    (P1 keeps the age ratios of its splits too).
    """
    rng = np.random.default_rng(seed)
    ordered = sorted(records, key=lambda record: (record.age_years, record.subject_id))
    parts: dict[str, list[SubjectRecord]] = {"training": [], "validation": [], "test": []}
    block = 20
    for start in range(0, len(ordered), block):
        shuffled = [
            ordered[start + n] for n in rng.permutation(len(ordered[start : start + block]))
        ]
        test = round(test_share * len(shuffled))
        validation = test + round(validation_share * len(shuffled))
        parts["test"] += shuffled[:test]
        parts["validation"] += shuffled[test:validation]
        parts["training"] += shuffled[validation:]
    return Split(*(tuple(parts[name]) for name in ("training", "validation", "test")))


def _read_record(path: Path) -> SubjectRecord:
    truth = json.loads(path.read_text())
    grades = {
        DiscLevel(level): {Scale(scale): (pair[0], pair[1]) for scale, pair in scales.items()}
        for level, scales in truth["grades"].items()
    }
    return SubjectRecord(path.parent.name, float(truth["age_years"]), truth["sex"], grades)
