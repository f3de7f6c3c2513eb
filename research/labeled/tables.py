"""The CSV files beside the images: age, sex and grades. A file that is not there gives nothing."""

import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from research.labeled.errors import Fault, LabeledDataError
from research.labeled.mapping import GradeTable, PatientTable
from spine.anatomy.grades import Scale

OLDEST_YEARS = 120.0

GradesFromBelow = Mapping[int, Mapping[Scale, int]]
"""By number of the disc counted upward from the lowest, which is 1."""

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Person:
    """Age and sex, where a table gives them; sex is M or F."""

    age_years: float | None = None
    sex: str | None = None


def read_people(folder: Path, table: PatientTable | None) -> dict[str, Person]:
    """Read age and sex by the table's key, which names cases or patients."""
    if table is None:
        return {}
    key = table.case or table.patient or ""
    return {
        row.cell(key): Person(
            row.parsed(table.age_years, _age) if table.age_years else None,
            row.parsed(table.sex, _sex) if table.sex else None,
        )
        for row in _rows(folder / table.file)
    }


def read_grades(folder: Path, table: GradeTable | None) -> dict[str, dict[int, dict[Scale, int]]]:
    """Read the grades of every patient, disc by disc counted from below."""
    grades: dict[str, dict[int, dict[Scale, int]]] = {}
    if table is None:
        return grades
    for row in _rows(folder / table.file):
        discs = grades.setdefault(row.cell(table.patient), {})
        disc = row.parsed(table.disc_from_below, _integer)
        if disc is None:
            raise row.invalid(table.disc_from_below)
        found = {scale: row.grade(column, scale) for scale, column in table.scales.items()}
        discs[disc] = {
            scale: _raised(row, grade, table.raised.get(scale, {}))
            for scale, grade in found.items()
            if grade is not None
        }
    return grades


@dataclass(frozen=True, slots=True)
class _Row:
    """One line of a table; messages name the line, never its content."""

    file: str
    line: int
    cells: Mapping[str, str | None]

    def cell(self, column: str) -> str:
        if column not in self.cells:
            reason = f"{self.file}: no column {column!r}"
            raise LabeledDataError(Fault.TABLE_INVALID, reason)
        return (self.cells[column] or "").strip()

    def parsed(self, column: str, parse: Callable[[str], Value]) -> Value | None:
        """Parse a cell; None if it is empty."""
        text = self.cell(column)
        if not text:
            return None
        try:
            return parse(text)
        except ValueError:
            raise self.invalid(column) from None

    def grade(self, column: str, scale: Scale) -> int | None:
        return self.parsed(column, lambda text: int(scale.grades(_integer(text))))

    def invalid(self, column: str) -> LabeledDataError:
        reason = f"{self.file}, line {self.line}: {column!r} is empty or not valid"
        return LabeledDataError(Fault.TABLE_INVALID, reason)


def _rows(path: Path) -> Iterator[_Row]:
    if not path.is_file():
        return
    # Spreadsheets write a byte order mark.
    with path.open(newline="", encoding="utf-8-sig") as file:
        for line, cells in enumerate(csv.DictReader(file), start=2):
            yield _Row(path.name, line, cells)


def _raised(row: _Row, grade: int, columns: Mapping[str, int]) -> int:
    """Raise a grade above 0 to what other columns say that it is at least."""
    told = [least for name, least in columns.items() if row.parsed(name, _integer)]
    return max(grade, *told) if grade and told else grade


def _age(text: str) -> float:
    age = float(text)
    if not 0 <= age <= OLDEST_YEARS:
        raise ValueError
    return age


def _sex(text: str) -> str:
    """SPIDER's table has ``F`` beside ``F`` with a blank."""
    letter = text[0].upper()
    if letter not in "MF":
        raise ValueError
    return letter


def _integer(text: str) -> int:
    """Tables that went through a spreadsheet or pandas write 2.0 for 2."""
    number = float(text)
    if not number.is_integer():
        raise ValueError
    return int(number)
