"""Tables of structured reports, read and checked row by row (docs/reports-schema.md)."""

import difflib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from research.estimators.cells import parse_cells
from research.estimators.columns import Column, Kind, report_columns
from research.estimators.faults import ReportsError, SetAside
from research.estimators.pairs import severity_word
from research.estimators.people import conflicts
from research.estimators.tables import read_text, write_text
from research.estimators.vocabulary import Severity
from research.listing import listed

_MOST_TOLD = 10
_ASIDE_COLUMNS = ("row", "column", "fault", "reason")


@dataclass(frozen=True, slots=True)
class Reports:
    """The reports that can be used, and what was not.

    Attributes
    ----------
    table : a row a series, indexed by row of the file (the header is row 1); severities and
        flags are int8 with 0 for absent, lifestyle and prediction float64 with NaN for not
        known, `scan_date` datetime64; columns that the file lacks are absent
    set_aside : row, column, fault and reason; several lines for a row with several faults
    omitted : optional columns that the file lacks
    rows : number of rows in the file
    """

    table: pd.DataFrame
    set_aside: pd.DataFrame
    omitted: tuple[str, ...]
    rows: int


def read_reports(path: Path) -> Reports:
    """Read a CSV or Parquet table of reports.

    Raises
    ------
    ReportsError
        If the file cannot be read, has no row, lacks a required column, or has one that is
        unknown or doubled.
    """
    text = read_text(path)
    columns = _used_columns(list(text.columns))
    values: dict[str, pd.Series] = {}
    aside: list[SetAside] = []
    for column in columns:
        values[column.name], faults = parse_cells(text[column.name], column)
        aside += faults
    table = pd.DataFrame(values, index=text.index)
    aside += conflicts(table, text)
    present = {column.name for column in columns}
    omitted = tuple(c.name for c in report_columns() if c.name not in present)
    bad = {fault.row for fault in aside}
    return Reports(table.loc[~table.index.isin(bad)], _tabulated(aside), omitted, len(text))


def write_reports(table: pd.DataFrame, path: Path) -> None:
    """Write typed reports as `read_reports` reads them, to ``.csv`` or ``.parquet``."""
    columns = [column for column in report_columns() if column.name in table.columns]
    text = {column.name: _written(table[column.name], column) for column in columns}
    write_text(pd.DataFrame(text), path)


def _used_columns(names: Sequence[str]) -> list[Column]:
    known = {column.name: column for column in report_columns()}
    unknown = [name for name in names if name not in known]
    faults = [f"column {name!r} {_guess(name, list(known))}" for name in unknown[:_MOST_TOLD]]
    if len(unknown) > _MOST_TOLD:
        faults.append(f"{len(unknown) - _MOST_TOLD} more columns are unknown")
    twice = sorted({name for name in names if names.count(name) > 1})
    faults += [f"column {name!r} stands twice" for name in twice]
    lacking = [c.name for c in known.values() if c.required and c.name not in names]
    if lacking:
        faults.append(f"required columns are missing: {listed(lacking)}")
    if faults:
        raise ReportsError("\n".join(faults))
    return [known[name] for name in names]


def _guess(name: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"is unknown; {close[0]!r} is known" if close else "is unknown"


def _tabulated(aside: Sequence[SetAside]) -> pd.DataFrame:
    lines = sorted(aside, key=lambda fault: (fault.row, fault.column))
    return pd.DataFrame([asdict(line) for line in lines], columns=list(_ASIDE_COLUMNS))


def _written(values: pd.Series, column: Column) -> pd.Series:
    match column.kind:
        case Kind.SEVERITY if column.condition is not None:
            words = {int(s): severity_word(column.condition, s) for s in Severity}
            return values.map(words | {0: ""})
        case Kind.DATE:
            return values.dt.strftime("%Y-%m-%d")
        case Kind.ANSWER:
            return values.map({0.0: "0", 1.0: "1"}).fillna("")
        case Kind.AGE | Kind.NUMBER:
            return values.map(lambda value: "" if pd.isna(value) else f"{value:.6g}")
        case _:
            return values.astype(str)
