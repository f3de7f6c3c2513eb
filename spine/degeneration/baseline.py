"""Baseline grades from a table that the site keeps; never guessed."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from spine.anatomy.grades import Scale
from spine.anatomy.levels import DiscLevel
from spine.dicom.study import PatientFacts
from spine.errors import Code, Refusal, SpineError
from spine.findings import Baseline

COLUMNS = (
    "patient_id",
    "issuer",
    "birth_date",
    "sex",
    "study_instance_uid",
    "level",
    "scale",
    "grade",
    "graded_on",
)


@dataclass(frozen=True, slots=True)
class BaselineRow:
    """One line of the table, as written."""

    patient_id: str
    issuer: str
    birth_date: str
    sex: str
    study_instance_uid: str
    level: str
    scale: str
    grade: str
    graded_on: str


Baselines = Mapping[tuple[DiscLevel, Scale], Baseline | Refusal]


def read_baselines(path: Path, study_instance_uid: str, patient: PatientFacts) -> Baselines:
    """Read the grades given on one study.

    A row counts if study, patient ID, issuer, birth date and sex all agree with the study's
    own. A row of this study that names another patient, a grade outside its scale, an
    unreadable date, or two rows that contradict each other make that grade a
    ``BASELINE_INVALID``. A level or scale that does not exist names no grade and is ignored.

    Raises
    ------
    SpineError
        ``SETTINGS_INVALID`` if the table cannot be read or lacks a column.
    """
    found: dict[tuple[DiscLevel, Scale], Baseline | Refusal] = {}
    for row in _read_rows(path):
        if row.study_instance_uid != study_instance_uid or not _is_known(row):
            continue
        key = DiscLevel(row.level), Scale(row.scale)
        baseline = _baseline(row, patient)
        if key in found and found[key] != baseline:
            baseline = _invalid(row, "The baseline table contradicts itself.")
        found[key] = baseline
    return found


def _read_rows(path: Path) -> list[BaselineRow]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            if not set(COLUMNS) <= set(reader.fieldnames or ()):
                raise SpineError(Code.SETTINGS_INVALID, "The baseline table lacks a column.")
            return [
                BaselineRow(**{name: (row[name] or "").strip() for name in COLUMNS})
                for row in reader
            ]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SpineError(Code.SETTINGS_INVALID, "The baseline table cannot be read.") from error


def _is_known(row: BaselineRow) -> bool:
    return row.level in {level.value for level in DiscLevel} and row.scale in set(Scale)


def _baseline(row: BaselineRow, patient: PatientFacts) -> Baseline | Refusal:
    if not _is_same_patient(row, patient):
        return _invalid(row, "The baseline table names another patient for this study.")
    grade = _grade(row)
    if grade is None:
        return _invalid(row, "The baseline grade is not one of its scale.")
    graded_on = _date(row.graded_on)
    if graded_on is None:
        return _invalid(row, "The baseline grade has no readable date.")
    return Baseline(grade, f"baseline table, graded {graded_on.isoformat()}")


def _is_same_patient(row: BaselineRow, patient: PatientFacts) -> bool:
    return (row.patient_id, row.issuer, _date(row.birth_date), row.sex) == (
        patient.patient_id,
        patient.issuer,
        patient.birth_date,
        patient.sex,
    )


def _grade(row: BaselineRow) -> int | None:
    grades = {str(int(grade)): int(grade) for grade in Scale(row.scale).grades}
    return grades.get(row.grade)


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _invalid(row: BaselineRow, reason: str) -> Refusal:
    return Refusal(Code.BASELINE_INVALID, reason, f"{row.level} {row.scale}")
