"""The cases of a data set: which there are, and their images and masks on one grid."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from research.labeled.errors import Fault, LabeledDataError
from research.labeled.images import read_labels, read_volume
from research.labeled.mapping import FilePatterns, LabelMapping
from research.labeled.tables import GradesFromBelow, Person, read_grades, read_people
from research.listing import listed
from spine.imaging.orientation import canonical
from spine.imaging.volume import Grid, LabelMap, Volume

LARGEST_SHIFT = 0.1
"""How far image and mask may lie apart, in voxels: files round their affines differently."""


@dataclass(frozen=True, slots=True)
class LabeledCase:
    """One image with its mask.

    Attributes
    ----------
    patient_id : folds are made by it
    sex, age_years, grades : where tables give them; discs are counted from below
    """

    case_id: str
    patient_id: str
    image: Path
    labels: Path
    sex: str | None = None
    age_years: float | None = None
    grades: GradesFromBelow = field(default_factory=dict)


def read_labeled_cases(folder: Path, mapping: LabelMapping) -> tuple[LabeledCase, ...]:
    """Find every case of a data set, sorted by name; reads tables but no image.

    Raises
    ------
    LabeledDataError
        Nothing found, a case twice, an image without mask or a mask without image, a name
        from which no patient can be read, a table that is not valid.
    """
    files = mapping.files
    images = _found(folder, files, files.images)
    masks = _found(folder, files, files.labels)
    if not images:
        raise LabeledDataError(Fault.CASES_ABSENT, f"no file {files.images} in {folder}")
    _require(Fault.LABELS_MISSING, "without mask", images.keys() - masks.keys())
    _require(Fault.IMAGE_MISSING, "masks without image", masks.keys() - images.keys())
    people = read_people(folder, mapping.patients)
    grades = read_grades(folder, mapping.grades)
    by_case = mapping.patients is not None and mapping.patients.case is not None
    cases = []
    for case_id in sorted(images):
        patient = _patient(case_id, files)
        person = people.get(case_id if by_case else patient, Person())
        found = LabeledCase(case_id, patient, images[case_id], masks[case_id])
        known = replace(found, sex=person.sex, age_years=person.age_years)
        cases.append(replace(known, grades=grades.get(patient, {})))
    return tuple(cases)


def load(case: LabeledCase) -> tuple[Volume, LabelMap]:
    """Read image and source labels in canonical orientation, on one grid.

    Raises
    ------
    LabeledDataError
        ``UNREADABLE`` or ``GRIDS_DIFFER``, naming the case.
    """
    try:
        volume, labels = canonical(read_volume(case.image)), load_labels(case)
    except LabeledDataError as error:
        raise LabeledDataError(error.fault, f"case {case.case_id}: {error.reason}") from None
    difference = _difference(volume.grid, labels.grid)
    if difference:
        raise LabeledDataError(Fault.GRIDS_DIFFER, f"case {case.case_id}: {difference}")
    return volume, LabelMap(labels.data, volume.affine)


def load_labels(case: LabeledCase) -> LabelMap:
    """Read a case's source labels alone, in canonical orientation."""
    return canonical(read_labels(case.labels))


def _found(folder: Path, files: FilePatterns, pattern: str) -> dict[str, Path]:
    """Map the name of each wanted case to its file."""
    expression, wanted = _expression(pattern), re.compile(files.cases)
    found = []
    for path in sorted(folder.glob(pattern.replace("{case}", "*"))):
        match = expression.fullmatch(path.relative_to(folder).as_posix())
        if match and wanted.fullmatch(match["case"]):
            found.append((match["case"], path))
    counts = Counter(case for case, _ in found)
    _require(Fault.CASE_DUPLICATE, "more than one file", (c for c in counts if counts[c] > 1))
    return dict(found)


def _expression(pattern: str) -> re.Pattern[str]:
    """Turn a file pattern into a regular expression; a repeated ``{case}`` must repeat."""
    parts = re.split(r"(\{case\}|\*\*/|\*)", pattern)
    meaning = {"**/": "(?:.+/)?", "*": "[^/]*", "{case}": "(?P<case>[^/]+)"}
    expression = ""
    for part in parts:
        again = part == "{case}" and "(?P<case>" in expression
        expression += "(?P=case)" if again else meaning.get(part, re.escape(part))
    return re.compile(expression)


def _patient(case_id: str, files: FilePatterns) -> str:
    match = re.fullmatch(files.patient, case_id)
    if not match or not match[1]:
        reason = f"case {case_id}: {files.patient} reads no patient from the name"
        raise LabeledDataError(Fault.CASE_UNNAMED, reason)
    return match[1]


def _require(fault: Fault, what: str, cases: Iterable[str]) -> None:
    names = sorted(cases)
    if names:
        raise LabeledDataError(fault, f"{what}: {listed(names)}")


def _difference(image: Grid, mask: Grid) -> str | None:
    """Say how two canonical grids differ; None if every corner lies in the same place."""
    if image.shape != mask.shape:
        return f"the image has {image.shape} voxels, the mask {mask.shape}"
    corners = np.array(list(np.ndindex(2, 2, 2))) * (np.array(image.shape) - 1)
    apart = image.world_from_index(corners) - mask.world_from_index(corners)
    apart_mm = float(np.linalg.norm(apart, axis=1).max())
    if apart_mm <= LARGEST_SHIFT * min(image.spacing_mm):
        return None
    return f"image and mask lie up to {apart_mm:.2f} mm apart"
