"""Graded discs with a follow-up, as one CSV file a cohort: one row a disc and scale.

A cohort is a folder with ``followups.csv`` and, a patient, ``<patient_id>/image.nii`` and
``labels.nii``. A site writes its own; the virtual one is rendered.
"""

import csv
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path

from research.cohort import IMAGE_FILE, LABELS_FILE
from spine.anatomy.grades import Scale
from spine.anatomy.levels import DiscLevel

FOLLOWUPS_FILE = "followups.csv"
# P2, Dataset: five years, within six months.
YEARS = 5.0
TOLERANCE_YEARS = 0.5
_DAYS_A_YEAR = 365.25
_MOST_NAMED = 10


class FollowupsError(ValueError):
    """A cohort's table cannot be used; the message names its rows, line 2 being the first."""


@dataclass(frozen=True, slots=True)
class Followup:
    """One disc on one scale.

    Attributes
    ----------
    line : in the file, the heading being line 1
    baseline, followup : consensus grades
    sex : M or F
    age_years : at baseline
    bmi : kg/m2
    fold : that the site dealt the patient to; None where it did not
    """

    line: int
    patient_id: str
    level: DiscLevel
    scale: Scale
    baseline: int
    followup: int
    sex: str
    age_years: float
    bmi: float
    institution: str
    baseline_on: date
    followup_on: date
    fold: int | None = None


COLUMNS = tuple(field.name for field in fields(Followup) if field.name != "line")
_OPTIONAL = "fold"


def write_followups(rows: Iterable[Followup], path: Path) -> None:
    """Write a cohort's table, without folds."""
    columns = [name for name in COLUMNS if name != _OPTIONAL]
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([getattr(row, name) for name in columns] for row in rows)


def read_followups(path: Path) -> tuple[Followup, ...]:
    """Read and check a cohort's table.

    Raises
    ------
    FollowupsError
        Naming the rows: a missing column, what cannot be read, a grade outside its scale, a
        disc that is not lumbar, a follow-up before the baseline or not five years after it
        within six months, a disc graded twice, a patient in two folds.
    """
    with path.open(newline="") as file:
        reader = csv.DictReader(file)
        missing = set(COLUMNS) - {_OPTIONAL} - set(reader.fieldnames or ())
        if missing:
            raise FollowupsError(f"{path.name} lacks the columns {', '.join(sorted(missing))}")
        rows = tuple(_row(line, values) for line, values in enumerate(reader, start=2))
    if not rows:
        raise FollowupsError(f"{path.name} has no rows")
    _check_each(rows)
    _check_once(rows)
    _check_folds(rows)
    return rows


def check_images(cohort: Path, rows: Sequence[Followup]) -> None:
    """Refuse a table that names patients whose image or labels are not there."""
    absent = {
        patient
        for patient in {row.patient_id for row in rows}
        if not all((cohort / patient / name).exists() for name in (IMAGE_FILE, LABELS_FILE))
    }
    refuse("discs without image", [row for row in rows if row.patient_id in absent])


def refuse(what: str, rows: Sequence[Followup]) -> None:
    """Raise `FollowupsError` that names rows, if there are any."""
    if not rows:
        return
    lines = sorted(row.line for row in rows)
    more = f" and {len(lines) - _MOST_NAMED} more" if len(lines) > _MOST_NAMED else ""
    raise FollowupsError(f"{what}: rows {', '.join(map(str, lines[:_MOST_NAMED]))}{more}")


def _row(line: int, values: dict[str, str]) -> Followup:
    try:
        return Followup(
            line=line,
            patient_id=_named(values["patient_id"]),
            level=DiscLevel(values["level"]),
            scale=Scale(values["scale"]),
            baseline=int(values["baseline"]),
            followup=int(values["followup"]),
            sex=values["sex"],
            age_years=float(values["age_years"]),
            bmi=float(values["bmi"]),
            institution=values["institution"],
            baseline_on=date.fromisoformat(values["baseline_on"]),
            followup_on=date.fromisoformat(values["followup_on"]),
            fold=int(values[_OPTIONAL]) if values.get(_OPTIONAL) else None,
        )
    except (ValueError, TypeError) as error:
        raise FollowupsError(f"cannot be read: row {line} ({type(error).__name__})") from None


def _named(patient_id: str) -> str:
    """Return the name of a folder beside the table, and of nothing outside it."""
    if not patient_id or patient_id.startswith(".") or "/" in patient_id or "\\" in patient_id:
        raise ValueError
    return patient_id


def _check_each(rows: Sequence[Followup]) -> None:
    grades = {scale: {int(grade) for grade in scale.grades} for scale in Scale}
    wrong = [row for row in rows if not {row.baseline, row.followup} <= grades[row.scale]]
    refuse("grades outside their scale", wrong)
    refuse("discs that are not lumbar", [row for row in rows if not row.level.is_lumbar])
    before = [row for row in rows if row.followup_on < row.baseline_on]
    refuse("follow-up before baseline", before)
    refuse(
        f"follow-up not at {YEARS:g} years within {TOLERANCE_YEARS * 12:g} months",
        [row for row in rows if abs(_years_between(row) - YEARS) > TOLERANCE_YEARS],
    )


def _years_between(row: Followup) -> float:
    return (row.followup_on - row.baseline_on).days / _DAYS_A_YEAR


def _check_once(rows: Sequence[Followup]) -> None:
    seen: dict[tuple[str, DiscLevel, Scale], list[Followup]] = defaultdict(list)
    for row in rows:
        seen[row.patient_id, row.level, row.scale].append(row)
    refuse("discs graded twice", [row for same in seen.values() if len(same) > 1 for row in same])


def _check_folds(rows: Sequence[Followup]) -> None:
    folds: dict[str, set[int | None]] = defaultdict(set)
    for row in rows:
        folds[row.patient_id].add(row.fold)
    refuse("a patient in two folds", [row for row in rows if len(folds[row.patient_id]) > 1])
    if len({row.fold is None for row in rows}) > 1:
        refuse("no fold, though others have one", [row for row in rows if row.fold is None])
