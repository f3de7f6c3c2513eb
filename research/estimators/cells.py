"""Cells of text to values, a column at a time; what cannot be read is set aside."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from research.estimators.columns import Column, Kind, allowed_words
from research.estimators.faults import Fault, SetAside
from research.estimators.pairs import severities, severity_word
from research.estimators.vocabulary import OLDEST_YEARS, YOUNGEST_YEARS

_EVER_YEARS = 120.0
_SEXES = {"m": "M", "male": "M", "f": "F", "female": "F"}
# Tables that went through a spreadsheet or pandas write 1.0 and True.
_FLAGS = {"1": 1, "1.0": 1, "true": 1, "yes": 1, "0": 0, "0.0": 0, "false": 0, "no": 0}
_FAULTS = {
    Kind.TEXT: Fault.EMPTY,
    Kind.SEX: Fault.SEX_UNKNOWN,
    Kind.DATE: Fault.DATE_INVALID,
    Kind.SEVERITY: Fault.SEVERITY_UNKNOWN,
    Kind.FLAG: Fault.FLAG_INVALID,
    Kind.ANSWER: Fault.FLAG_INVALID,
    Kind.NUMBER: Fault.NUMBER_INVALID,
}


def parse_cells(text: pd.Series, column: Column) -> tuple[pd.Series, list[SetAside]]:
    """Turn a column of stripped text into values.

    Parameters
    ----------
    text : indexed by row

    Returns
    -------
    values
        int8 severities and flags (0 absent), float64 numbers and answers (NaN not known);
        undefined where set aside
    what is set aside
    """
    if column.kind is Kind.AGE:
        return _ages(text, column)
    values, bad = _parsed(text, column)
    reason = f"not one of: {allowed_words(column)}" if column.kind is not Kind.TEXT else "is empty"
    return values, list(_aside(bad, column, _FAULTS[column.kind], reason))


def _parsed(text: pd.Series, column: Column) -> tuple[pd.Series, pd.Series]:
    match column.kind:
        case Kind.TEXT:
            return text, text == ""
        case Kind.DATE:
            dates = pd.to_datetime(text, format="ISO8601", errors="coerce").astype("datetime64[us]")
            return dates, dates.isna()
        case Kind.NUMBER:
            numbers = pd.to_numeric(text, errors="coerce").astype(np.float64)
            return numbers, (text != "") & ~numbers.between(*column.limits)
        case Kind.ANSWER:
            answers = _looked_up(text, _FLAGS)
            return answers.astype(np.float64), (text != "") & answers.isna()
        case Kind.SEX:
            sexes = _looked_up(text, _SEXES).astype("str")
            return sexes, sexes.isna()
        case _:
            known = _looked_up(text, _codes(column))
            return known.fillna(0).astype(np.int8), known.isna()


def _ages(text: pd.Series, column: Column) -> tuple[pd.Series, list[SetAside]]:
    ages = pd.to_numeric(text, errors="coerce").astype(np.float64)
    possible = ages.between(0.0, _EVER_YEARS)
    used = (ages >= YOUNGEST_YEARS) & (ages < OLDEST_YEARS)
    reason = f"not a number of years from 0 to {_EVER_YEARS:g}"
    span = f"not from {YOUNGEST_YEARS:g} to {OLDEST_YEARS - 1:g} years"
    return ages, [
        *_aside(~possible, column, Fault.AGE_IMPOSSIBLE, reason),
        *_aside(possible & ~used, column, Fault.AGE_OUT_OF_RANGE, span),
    ]


def _codes(column: Column) -> dict[str, int]:
    if column.kind is Kind.FLAG or column.condition is None:
        return _FLAGS | {"": 0}
    known = severities(column.condition)
    return {severity_word(column.condition, s): int(s) for s in known} | {"": 0}


def _looked_up(text: pd.Series, table: Mapping[str, object]) -> pd.Series:
    """Map by distinct cells: a column has thousands of rows and a handful of words."""
    codes, words = pd.factorize(text)
    values = [table.get(str(word).casefold()) for word in words]
    return pd.Series(pd.array(values)[codes] if values else [], index=text.index)


def _aside(bad: pd.Series, column: Column, fault: Fault, reason: str) -> Iterator[SetAside]:
    for row in bad.index[bad.to_numpy(dtype=bool)]:
        yield SetAside(int(row), column.name, fault, reason)
