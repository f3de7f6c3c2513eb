"""What must agree between the rows of a table: series named once, one sex, one birthday."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from research.estimators.faults import Fault, SetAside

# Ages may be whole years, rounded either way.
_AGE_TOLERANCE_YEARS = 1.1
_DAYS_A_YEAR = 365.25


def conflicts(table: pd.DataFrame, text: pd.DataFrame) -> list[SetAside]:
    """Find rows that contradict or repeat others.

    Parameters
    ----------
    table : typed, indexed by row
    text : the same rows as written
    """
    return [*_named_twice(text), *_two_sexes(table), *_two_birthdays(table)]


def _named_twice(text: pd.DataFrame) -> Iterator[SetAside]:
    """Keep the first of equal rows; of unequal ones nobody knows which is right."""
    named = text[text["series"] != ""]
    repeated = named[named["series"].duplicated(keep=False)]
    for _, rows in repeated.groupby("series", sort=False):
        numbers = [int(row) for row in rows.index]
        if len(rows.drop_duplicates()) == 1:
            for number in numbers[1:]:
                reason = f"the same as row {numbers[0]}"
                yield SetAside(number, "series", Fault.SERIES_DUPLICATE, reason)
            continue
        for number in numbers:
            others = ", ".join(str(other) for other in numbers if other != number)
            reason = f"the series also stands in row {others}, with other content"
            yield SetAside(number, "series", Fault.SERIES_CONFLICT, reason)


def _two_sexes(table: pd.DataFrame) -> Iterator[SetAside]:
    known = table[table["sex"].notna() & (table["patient"] != "")]
    sexes = known.groupby("patient")["sex"].transform("nunique")
    for row in known.index[sexes > 1]:
        yield SetAside(int(row), "sex", Fault.SEX_CONFLICT, "the person's rows give two sexes")


def _two_birthdays(table: pd.DataFrame) -> Iterator[SetAside]:
    known = table[
        table["age_years"].notna() & table["scan_date"].notna() & (table["patient"] != "")
    ]
    days = (known["scan_date"] - pd.Timestamp(0)) / np.timedelta64(1, "D")
    birth = days / _DAYS_A_YEAR - known["age_years"]
    spread = birth.groupby(known["patient"]).transform(np.ptp)
    for row in known.index[spread > _AGE_TOLERANCE_YEARS]:
        reason = "the person's ages do not go with the dates"
        yield SetAside(int(row), "age_years", Fault.AGE_CONFLICT, reason)
