"""Cases whose spine age lies far off: a list for a reader to fill in (P1, section 4.3)."""

import csv
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from research.measurements import Data, Measurement
from research.validation.age.cases import AgeCase
from spine.inference.models import BiasLine

LARGE_GAP_YEARS = 15.0
COLUMNS = ("case", "age", "predicted", "gap", "outcome")
# Age, prediction and gap are written with two decimals, each half of the last one off.
_ROUNDING_YEARS = 0.016


class Outcome(StrEnum):
    """What a reader found, in the words of the list (P1: 23, 2, 1 and 4 of 30 cases)."""

    PLAUSIBLE = "plausible"
    ARTIFACT = "artifact"
    SEGMENTATION = "segmentation"
    MODEL = "model"


class ReviewError(ValueError):
    """A list that cannot be read as it is; names lines and columns, each fault on a line."""


@dataclass(frozen=True, slots=True)
class ReviewedCase:
    """A case of the list; `outcome` is None until a reader has given one."""

    case: str
    age_years: float
    predicted_years: float
    gap_years: float
    outcome: Outcome | None


def large_gaps(cases: Sequence[AgeCase], line: BiasLine) -> list[AgeCase]:
    """Return the cases whose gap is over 15 years either way, the largest first."""
    far = [case for case in cases if abs(case.gap_years(line)) > LARGE_GAP_YEARS]
    return sorted(far, key=lambda case: (-abs(case.gap_years(line)), case.case))


def write_review(path: Path, cases: Sequence[AgeCase], line: BiasLine) -> None:
    """Write the list of large gaps with an empty column for the outcome.

    Raises
    ------
    FileExistsError
        If there is a list already: what a reader has filled in is not written over.
    """
    with path.open("x", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for case in large_gaps(cases, line):
            values = (case.age_years, case.corrected_years(line), case.gap_years(line))
            writer.writerow([case.case, *(f"{value:.2f}" for value in values), ""])


def read_review(path: Path) -> tuple[ReviewedCase, ...]:
    """Read the list with the outcomes that were filled in.

    Raises
    ------
    ReviewError
        With every fault and its line (the header is line 1): a column that lacks, a number
        that is none, a gap that is not predicted minus age or is not large, an outcome that
        is not one of the four, a case listed twice.
    """
    # Spreadsheets write a byte order mark.
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        lacking = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
        if lacking:
            raise ReviewError(f"line 1: lacks {', '.join(lacking)}")
        rows = [(reader.line_num, row) for row in reader]
    found, faults = [], []
    for number, row in rows:
        try:
            found.append(_reviewed(row))
        except ValueError as error:
            faults.append(f"line {number}: {error}")
    faults += _listed_twice(rows)
    if faults:
        raise ReviewError("\n".join(faults))
    return tuple(found)


def outcomes(reviewed: Sequence[ReviewedCase], data: Data) -> list[Measurement]:
    """Count the cases of each outcome, and those that no reader has looked at."""
    counts = Counter(case.outcome for case in reviewed)
    named = [*((outcome.value, outcome) for outcome in Outcome), ("not reviewed", None)]
    return [
        Measurement(
            f"gap over {LARGE_GAP_YEARS:g} years: {name}",
            float(counts[outcome]),
            "cases",
            data,
            len(reviewed),
        )
        for name, outcome in named
    ]


def _reviewed(row: dict[str, str]) -> ReviewedCase:
    cells = {name: (row[name] or "").strip() for name in COLUMNS}
    if not cells["case"]:
        raise ValueError("'case' is empty")
    age, predicted, gap = (_number(cells, name) for name in ("age", "predicted", "gap"))
    if abs(predicted - age - gap) > _ROUNDING_YEARS:
        raise ValueError("'gap' is not predicted minus age")
    if abs(gap) < LARGE_GAP_YEARS:
        raise ValueError(f"'gap' is not over {LARGE_GAP_YEARS:g} years")
    return ReviewedCase(cells["case"], age, predicted, gap, _outcome(cells["outcome"]))


def _number(cells: dict[str, str], name: str) -> float:
    try:
        value = float(cells[name])
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"'{name}' is not a number")
    return value


def _outcome(text: str) -> Outcome | None:
    if not text:
        return None
    try:
        return Outcome(text.lower())
    except ValueError:
        words = ", ".join(Outcome)
        raise ValueError(f"'outcome' is none of {words}") from None


def _listed_twice(rows: Sequence[tuple[int, dict[str, str]]]) -> list[str]:
    first: dict[str, int] = {}
    faults = []
    for number, row in rows:
        name = (row["case"] or "").strip()
        if name and name in first:
            faults.append(f"line {number}: the case of line {first[name]} again")
        first.setdefault(name, number)
    return faults
