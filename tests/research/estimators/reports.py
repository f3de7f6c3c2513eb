"""A few reports written by hand, for tests."""

import pandas as pd

from research.estimators.columns import report_columns

PERSON = {
    "sex": "M",
    "age_years": "44.5",
    "scan_date": "2019-03-01",
    "scanner": "philips-1",
    "clinic": "north",
}


def rows(*changes: dict[str, str]) -> pd.DataFrame:
    """Return a row of text a change, otherwise a healthy man; series are s0, s1, ..."""
    blank = {column.name: "" for column in report_columns()}
    return pd.DataFrame(
        [
            blank | PERSON | {"series": f"s{n}", "patient": f"p{n}"} | change
            for n, change in enumerate(changes)
        ]
    )
