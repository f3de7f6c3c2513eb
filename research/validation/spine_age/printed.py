"""What P1 printed, to stand beside what was measured."""

from functools import cache
from importlib.resources import files

import pandas as pd

# P1, section 4.5, of odds; Figure 6 prints no values.
ODDS_MODERATE_BULGE, ODDS_SEVERE_BULGE = 4.0, 8.0
ODDS_STRUCTURAL = (2.0, 4.0)


@cache
def printed_effects() -> pd.DataFrame:
    """Return P1's Tables 5 and 6, indexed by term: n, effect, low, high, significant."""
    path = files("research.validation.spine_age") / "tables-5-6.csv"
    with path.open(encoding="utf-8") as file:
        return pd.read_csv(file, index_col="term")
