"""The columns of a table of reports: what each holds and whether it may be left out."""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from research.estimators.pairs import severities, severity_word
from research.estimators.vocabulary import (
    ADDITIONAL,
    LEVELS,
    LIFESTYLE,
    STRUCTURAL,
    SUPERNUMERARY,
    Condition,
    finding_column,
)


class Kind(StrEnum):
    """How a cell is written, and what it becomes."""

    TEXT = "text"
    SEX = "sex"
    AGE = "age"
    DATE = "date"
    SEVERITY = "severity"
    FLAG = "flag"
    NUMBER = "number"
    ANSWER = "answer"


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes
    ----------
    required : a table without it is refused; one that may be left out is named as omitted
    condition : of a severity
    limits : of a number, both included
    """

    name: str
    kind: Kind
    meaning: str
    required: bool = True
    condition: Condition | None = None
    limits: tuple[float, float] = (0.0, 0.0)


_PERSON = (
    Column("series", Kind.TEXT, "the series, unique in the table"),
    Column("patient", Kind.TEXT, "the person; splits are made by it"),
    Column("sex", Kind.SEX, "M or F"),
    Column("age_years", Kind.AGE, "at the scan; 25 to 84 are used"),
    Column("scan_date", Kind.DATE, "day of the scan, YYYY-MM-DD"),
    Column("scanner", Kind.TEXT, "any name that tells scanners apart"),
    Column("clinic", Kind.TEXT, "any name that tells clinics apart"),
)
_PREDICTED = Column(
    "predicted_age_years",
    Kind.NUMBER,
    "the network's answer, not bias-corrected",
    required=False,
    limits=(-200.0, 300.0),
)
# Hours, because Table 5's interval fits a spread of 3 hours a day (docs/adr/0090).
_LIMITS = {
    "packs_per_day": (0.0, 10.0),
    "alcohol_days_per_week": (0.0, 7.0),
    "sedentary_hours_per_day": (0.0, 24.0),
}
_WORDS = {
    Kind.TEXT: "any text",
    Kind.SEX: "M, F",
    Kind.AGE: "years, decimals allowed",
    Kind.DATE: "YYYY-MM-DD",
    Kind.FLAG: "1 or 0; empty where absent",
    Kind.ANSWER: "1 or 0; empty where not known",
}


@cache
def report_columns() -> tuple[Column, ...]:
    """Return every column, in the order in which tables are written."""
    flags = [Column(n, Kind.FLAG, "structural or canal pathology") for n in STRUCTURAL]
    more = [Column(n, Kind.FLAG, "of Table 5 alone", required=False) for n in ADDITIONAL]
    return (*_PERSON, _PREDICTED, *_lifestyle(), *flags, *more, *_findings())


def _lifestyle() -> list[Column]:
    meaning = "lifestyle; empty where not known"
    return [
        Column(name, Kind.NUMBER, meaning, required=False, limits=_LIMITS[name])
        if name in _LIMITS
        else Column(name, Kind.ANSWER, meaning, required=False)
        for name in LIFESTYLE
    ]


def _findings() -> list[Column]:
    return [
        Column(
            finding_column(level, condition),
            Kind.SEVERITY,
            f"{condition.replace('_', ' ')} of {level} or of the disc below it",
            required=level not in SUPERNUMERARY,
            condition=condition,
        )
        for level in LEVELS
        for condition in Condition
    ]


def allowed_words(column: Column) -> str:
    """Say what the cells of a column may hold."""
    if column.condition is not None:
        words = [severity_word(column.condition, s) for s in severities(column.condition)]
        return f"{', '.join(words)}; empty where absent"
    if column.kind is Kind.NUMBER:
        low, high = column.limits
        return f"{low:g} to {high:g}; empty where not known"
    return _WORDS[column.kind]


def tabulate_columns() -> str:
    """Lay the columns out as Markdown; the 208 of conditions by condition."""
    lines = ["| column | cells | required | what |", "| --- | --- | --- | --- |"]
    lines += [_line(c.name, c, c.meaning) for c in report_columns() if c.condition is None]
    for condition in Condition:
        column = next(c for c in report_columns() if c.condition is condition)
        lines.append(_line(f"LEVEL_{condition}", column, "at each of the 26 levels"))
    return "\n".join(lines)


def _line(name: str, column: Column, meaning: str) -> str:
    required = "yes" if column.required else "no"
    return f"| `{name}` | {allowed_words(column)} | {required} | {meaning} |"
