"""CSV and Parquet, in and out, every cell as text."""

import csv
import warnings
from pathlib import Path

import pandas as pd
import pyarrow as pa

from research.estimators.faults import ReportsError

_FIRST_ROW = 2
_UNREADABLE = (
    pd.errors.ParserError,
    pd.errors.ParserWarning,
    pd.errors.EmptyDataError,
    pa.ArrowInvalid,
    UnicodeError,
)


def read_text(path: Path) -> pd.DataFrame:
    """Read every cell as stripped text, indexed by row; the header is row 1.

    Raises
    ------
    ReportsError
        If there is no such file, no row in it, or it is not a table.
    """
    if not path.is_file():
        raise ReportsError(f"{path.name}: no such file")
    try:
        table = _parquet(path) if path.suffix == ".parquet" else _csv(path)
    except _UNREADABLE as error:
        raise ReportsError(f"{path.name}: not a table: {_told(error)}") from None
    if table.empty:
        raise ReportsError(f"{path.name}: has no rows")
    table.index = pd.RangeIndex(_FIRST_ROW, _FIRST_ROW + len(table), name="row")
    return table


def write_text(table: pd.DataFrame, path: Path) -> None:
    """Write a table by the ending of its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".parquet":
        table.to_parquet(path, index=False)
    else:
        table.to_csv(path, index=False, lineterminator="\n")


def _csv(path: Path) -> pd.DataFrame:
    # Spreadsheets write a byte order mark. pandas would rename a column that stands twice.
    with path.open(newline="", encoding="utf-8-sig") as file:
        header = next(csv.reader(file), [])
    with warnings.catch_warnings():
        # Cells beyond the header would be dropped with a warning.
        warnings.simplefilter("error", pd.errors.ParserWarning)
        # Blank lines count, or rows would have other numbers than in a spreadsheet.
        table = pd.read_csv(
            path,
            dtype=str,
            keep_default_na=False,
            encoding="utf-8-sig",
            index_col=False,
            skip_blank_lines=False,
        )
    table.columns = [name.strip() for name in header]
    return _stripped(table)


def _parquet(path: Path) -> pd.DataFrame:
    table = pd.read_parquet(path)
    return _stripped(table.astype(str).where(table.notna(), ""))


def _stripped(table: pd.DataFrame) -> pd.DataFrame:
    # By position: a column that stands twice is told of later.
    cells = [table.iloc[:, place].fillna("").str.strip() for place in range(table.shape[1])]
    return pd.concat(cells, axis=1) if cells else table


def _told(error: Exception) -> str:
    """A parser's message names lines; one about bytes would show some of them."""
    return "not UTF-8" if isinstance(error, UnicodeError) else str(error).splitlines()[-1]
