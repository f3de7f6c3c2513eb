"""How the gap runs with age: in everybody, and in people who do and do not (P1, Figure 7)."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from research.estimators.clustered import Estimate
from research.estimators.gaps import Gaps, fit_gaps
from research.estimators.vocabulary import bracket_of

# Near the middle of adult life, where the effect itself is told.
CENTER_YEARS = 55.0


@dataclass(frozen=True, slots=True)
class Interaction:
    """How the gap of the exposed runs with age against that of the others.

    Attributes
    ----------
    exposed, others : slope of the gap on age, years a year
    difference : slope of the exposed less that of the others
    at_center : gap of the exposed less that of the others at 55 years
    rows, exposed_rows : series of both, and of the exposed
    """

    exposed: Estimate
    others: Estimate
    difference: Estimate
    at_center: Estimate
    rows: int
    exposed_rows: int

    @property
    def crossing_years(self) -> float:
        """Age at which the lines cross; NaN where they do not."""
        slope = self.difference.value
        return CENTER_YEARS - self.at_center.value / slope if slope else float("nan")


def gap_slope(table: pd.DataFrame, gaps: Gaps) -> Estimate:
    """Return the slope of the gap on age: zero where the bias correction holds.

    Raises
    ------
    numpy.linalg.LinAlgError
        If all are of one age, or all but one person.
    """
    age = _centered(table)
    columns = np.column_stack([np.ones(len(age)), age])
    return _estimates(columns, gaps, table)[1]


def age_interaction(table: pd.DataFrame, gaps: Gaps, exposure: str) -> Interaction:
    """Fit two lines of the gap on age, adjusted for sex; rows with no answer are left out.

    Raises
    ------
    numpy.linalg.LinAlgError
        If one of the groups is empty or hangs on one person.

    Source
    ------
    P1, section 4.5 and Figure 7.
    """
    known = table[exposure].notna().to_numpy()
    used, gap = table[known], gaps.of(known)
    does = used[exposure].to_numpy(dtype=np.float64) > 0
    age, men = _centered(used), (used["sex"] == "M").to_numpy(dtype=np.float64)
    base = [np.ones(len(age)), *([men] if np.ptp(men) > 0 else [])]
    apart = _estimates(np.column_stack([*base, does, age * ~does, age * does]), gap, used)
    crossed = _estimates(np.column_stack([*base, does, age, age * does]), gap, used)
    return Interaction(apart[-1], apart[-2], crossed[-1], crossed[-3], len(used), int(does.sum()))


def mean_by_bracket(table: pd.DataFrame, gaps: Gaps, exposure: str) -> pd.DataFrame:
    """Return mean gap, its standard error and the number of each bracket and answer."""
    frame = pd.DataFrame(
        {
            "bracket": [bracket_of(age) for age in table["age_years"]],
            exposure: table[exposure].to_numpy(dtype=np.float64),
            "gap": gaps.years,
        }
    ).dropna()
    frame[exposure] = frame[exposure] > 0
    found = frame.groupby(["bracket", exposure])["gap"].agg(["mean", "sem", "count"])
    return found.reset_index().sort_values(["bracket", exposure], ignore_index=True)


def _centered(table: pd.DataFrame) -> NDArray[np.float64]:
    age: NDArray[np.float64] = table["age_years"].to_numpy(dtype=np.float64)
    return age - CENTER_YEARS


def _estimates(columns: NDArray[np.floating], gaps: Gaps, table: pd.DataFrame) -> list[Estimate]:
    return fit_gaps(columns, gaps, table["patient"].to_numpy()).estimates()
