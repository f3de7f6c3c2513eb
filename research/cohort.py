"""A cohort on disk: one folder per subject with image, labels and truth, uncompressed."""

import hashlib
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
    person_id : the same in every scan of a person; that of the subject if empty
    scanner, clinic : where the image was made; empty if not known
    """

    subject_id: str
    age_years: float
    sex: str
    grades: Grades
    person_id: str = ""
    scanner: str = ""
    clinic: str = ""

    @property
    def person(self) -> str:
        """Who was scanned."""
        return self.person_id or self.subject_id


@dataclass(frozen=True, slots=True)
class Split:
    """Subjects of each part; none is in two."""

    training: tuple[SubjectRecord, ...]
    validation: tuple[SubjectRecord, ...]
    test: tuple[SubjectRecord, ...]


def write_subject(
    cohort: Path,
    record: SubjectRecord,
    volume: Volume,
    labels: LabelMap,
    stored: type[np.float32 | np.int16] = np.float32,
) -> None:
    """Write a subject's folder; the truth last, so that a folder with truth is complete.

    Parameters
    ----------
    stored : kind of number that the image is stored as
    """
    folder = cohort / record.subject_id
    folder.mkdir(parents=True, exist_ok=True)
    nifti.write(volume, folder / IMAGE_FILE, stored)
    nifti.write(labels, folder / LABELS_FILE)
    content = {
        "age_years": record.age_years,
        "sex": record.sex,
        "person_id": record.person_id,
        "scanner": record.scanner,
        "clinic": record.clinic,
        "grades": {
            level.value: {scale.value: list(pair) for scale, pair in scales.items()}
            for level, scales in record.grades.items()
        },
    }
    partial = folder / f"{TRUTH_FILE}.partial"
    partial.write_text(json.dumps(content, indent=1) + "\n")
    partial.replace(folder / TRUTH_FILE)


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
    """Divide by a hash of each subject's name.

    A subject falls into the same part in every cohort that it is in, so that a network that
    continues from an earlier one is never tested on a subject that it has learned from.
    """
    parts: dict[str, list[SubjectRecord]] = {"training": [], "validation": [], "test": []}
    for record in records:
        place = _place(record.subject_id, seed)
        if place < test_share:
            parts["test"].append(record)
        elif place < test_share + validation_share:
            parts["validation"].append(record)
        else:
            parts["training"].append(record)
    return Split(*(tuple(parts[name]) for name in ("training", "validation", "test")))


def _place(subject_id: str, seed: int) -> float:
    """Map a name to a number in 0 to 1, uniform over names and the same everywhere."""
    digest = hashlib.sha256(f"{seed} {subject_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def _read_record(path: Path) -> SubjectRecord:
    truth = json.loads(path.read_text())
    grades = {
        DiscLevel(level): {Scale(scale): (pair[0], pair[1]) for scale, pair in scales.items()}
        for level, scales in truth["grades"].items()
    }
    origin = {name: truth.get(name, "") for name in ("person_id", "scanner", "clinic")}
    age_years = float(truth["age_years"])
    return SubjectRecord(path.parent.name, age_years, truth["sex"], grades, **origin)
