"""Odds of a condition among people of large positive against large negative gap (P1, Figure 6)."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
import statsmodels.api as sm
from numpy.typing import NDArray
from scipy.stats import norm

from research.estimators.firth import LogOdds, fit_firth
from research.estimators.terms import Model, Term, exposures, terms

LARGE_GAP_YEARS = 5.0
# Below it a cell is sparse, and the logistic model takes Firth's penalty.
SPARSE_CELL = 5
_QUANTILE = float(norm.ppf(0.975))
_DECADE = 10.0


@dataclass(frozen=True, slots=True)
class OddsRatio:
    """An odds ratio with its 95 % interval.

    Attributes
    ----------
    firth : whether it comes from Firth's penalized likelihood
    """

    value: float
    low: float
    high: float
    firth: bool = False


@dataclass(frozen=True, slots=True)
class Tails:
    """Everybody whose gap is over 5 years either way; one entry a series.

    Attributes
    ----------
    older : whether the gap is the positive one
    men, age_years : what the adjusted odds ratio holds fixed
    person : who each series belongs to
    """

    older: NDArray[np.bool_]
    men: NDArray[np.bool_]
    age_years: NDArray[np.floating]
    person: NDArray[np.generic]


@dataclass(frozen=True, slots=True)
class Cells:
    """The 2 x 2 table: with and without the condition, in the older and the younger tail."""

    older_with: int
    older_without: int
    younger_with: int
    younger_without: int

    @property
    def smallest(self) -> int:
        """The smallest of the four."""
        return min(self.older_with, self.older_without, self.younger_with, self.younger_without)


@dataclass(frozen=True, slots=True)
class ConditionOdds:
    """A line of Figure 6."""

    term: Term
    cells: Cells
    crude: OddsRatio
    adjusted: OddsRatio


def fit_odds(table: pd.DataFrame, gap_years: NDArray[np.floating]) -> list[ConditionOdds]:
    """Compare lumbar and structural conditions of everybody far older with those far younger.

    Parameters
    ----------
    table : typed reports of the full-test set
    gap_years : bias-corrected, shape (rows,)

    Source
    ------
    P1, section 4.5 and Figure 6; conditions in the categories of Table 5.
    """
    far = np.abs(gap_years) > LARGE_GAP_YEARS
    used = table[far]
    tails = Tails(
        np.asarray(gap_years)[far] > 0,
        (used["sex"] == "M").to_numpy(),
        used["age_years"].to_numpy(dtype=np.float64),
        used["patient"].to_numpy(),
    )
    lines = []
    for model in (Model.LUMBAR, Model.STRUCTURAL):
        exposed = exposures(used, model)
        for term in terms():
            if term.model is model and term.name in exposed:
                has = exposed[term.name].to_numpy() > 0
                cells = count_cells(has, tails.older)
                adjusted = adjusted_odds_ratio(has, tails)
                lines.append(ConditionOdds(term, cells, crude_odds_ratio(cells), adjusted))
    return lines


def count_cells(condition: NDArray[np.bool_], older: NDArray[np.bool_]) -> Cells:
    """Count the four cells."""
    return Cells(
        int((condition & older).sum()),
        int((~condition & older).sum()),
        int((condition & ~older).sum()),
        int((~condition & ~older).sum()),
    )


def crude_odds_ratio(cells: Cells) -> OddsRatio:
    """Return the odds ratio with Wald's interval of its logarithm.

    An empty cell adds 0.5 to all four (Haldane 1956; Anscombe 1956); without a single
    person with the condition, or without it, nothing can be said: NaN.
    """
    a, b = float(cells.older_with), float(cells.older_without)
    c, d = float(cells.younger_with), float(cells.younger_without)
    if a + c == 0 or b + d == 0 or a + b == 0 or c + d == 0:
        return OddsRatio(math.nan, math.nan, math.nan)
    if cells.smallest == 0:
        a, b, c, d = a + 0.5, b + 0.5, c + 0.5, d + 0.5
    logarithm = math.log(a * d / (b * c))
    half = _QUANTILE * math.sqrt(1 / a + 1 / b + 1 / c + 1 / d)
    return _exponential(LogOdds(logarithm, logarithm - half, logarithm + half))


def adjusted_odds_ratio(condition: NDArray[np.bool_], tails: Tails) -> OddsRatio:
    """Return the odds ratio of a logistic model with sex and age.

    With five or more in every cell by maximum likelihood, errors clustered by person;
    otherwise, or if that does not converge, by Firth's penalized likelihood, which cannot
    cluster.
    """
    cells = count_cells(condition, tails.older)
    if math.isnan(crude_odds_ratio(cells).value):
        return OddsRatio(math.nan, math.nan, math.nan)
    design = _design(tails)
    found = None if cells.smallest < SPARSE_CELL else _maximum_likelihood(condition, design, tails)
    if found is not None:
        return _exponential(found)
    return _exponential(fit_firth(design, condition, 1), firth=True)


def _maximum_likelihood(
    condition: NDArray[np.bool_], design: NDArray[np.floating], tails: Tails
) -> LogOdds | None:
    """Return the coefficient of the older tail; None where sex or age tells the condition."""
    _, number = np.unique(tails.person, return_inverse=True)
    try:
        fit = sm.Logit(condition.astype(np.float64), design).fit(
            disp=False, warn_convergence=False, cov_type="cluster", cov_kwds={"groups": number}
        )
    except np.linalg.LinAlgError:
        return None
    if not fit.mle_retvals["converged"]:
        return None
    low, high = fit.conf_int(alpha=0.05)[1]
    return LogOdds(float(fit.params[1]), float(low), float(high))


def _design(tails: Tails) -> NDArray[np.floating]:
    """Return ones, the older tail, and what varies of sex and age in decades."""
    age = (tails.age_years - tails.age_years.mean()) / _DECADE
    columns = [np.ones(len(age)), tails.older.astype(np.float64)]
    columns += [held for held in (tails.men.astype(np.float64), age) if np.ptp(held) > 0]
    return np.column_stack(columns)


def _exponential(found: LogOdds, *, firth: bool = False) -> OddsRatio:
    return OddsRatio(math.exp(found.value), math.exp(found.low), math.exp(found.high), firth)
