"""What the gap goes with: the five regressions of P1's Tables 5 and 6."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from patsy import dmatrix
from statsmodels.stats.multitest import multipletests

from research.estimators.clustered import Estimate
from research.estimators.gaps import Gaps, fit_gaps
from research.estimators.terms import Model, Term, exposures, terms

# With fewer on either side an effect hangs on single people.
LEAST_PEOPLE = 3
_SPLINE_DEGREES = 4


@dataclass(frozen=True, slots=True)
class Association:
    """One row of the tables: years of gap that go with an exposure.

    Attributes
    ----------
    people : with the exposure, or with more than none of it; in series
    rows : series that the model was fitted on
    plain : adjusted for sex and the model's other terms
    spline : adjusted for a natural cubic spline of age besides
    omitted : why there is no effect; empty where there is one
    """

    term: Term
    people: int
    rows: int
    plain: Estimate | None = None
    spline: Estimate | None = None
    omitted: str = ""


def fit_associations(table: pd.DataFrame, gaps: Gaps) -> list[Association]:
    """Fit all five models; every term of P1 gives a row, estimated or omitted with the reason.

    Parameters
    ----------
    table : typed reports of the full-test set, each with its gap
    """
    return [row for model in Model for row in fit_model(table, gaps, model)]


def fit_model(table: pd.DataFrame, gaps: Gaps, model: Model) -> list[Association]:
    """Fit one model by least squares on the rows that lack none of its exposures.

    Source
    ------
    P1, section 4.5, Tables 5 and 6; the intervals: docs/adr/0093-intervals-of-associations.md.
    """
    exposed = exposures(table, model)
    complete = exposed.notna().all(axis=1).to_numpy()
    used, x = table[complete], exposed[complete]
    reasons = _omissions(x, used, model)
    kept = x[[name for name in x.columns if name not in reasons]]
    gap = gaps.of(complete)
    try:
        plain = _fit(kept, used, gap, spline=False)
        spline = _fit(kept, used, gap, spline=True)
    except np.linalg.LinAlgError as error:
        reasons |= dict.fromkeys(kept.columns, f"not estimable: {error}")
        plain = spline = {}
    return [
        Association(
            term,
            int((x[term.name] != 0).sum()) if term.name in x else 0,
            len(used),
            plain.get(term.name),
            spline.get(term.name),
            reasons.get(term.name, ""),
        )
        for term in terms()
        if term.model is model
    ]


def false_discovery_rates(rows: Sequence[Association]) -> NDArray[np.float64]:
    """Return p values adjusted over all rows that have one (Benjamini and Hochberg 1995)."""
    p = np.array([np.nan if row.plain is None else row.plain.p for row in rows])
    known = np.isfinite(p)
    if known.any():
        p[known] = multipletests(p[known], method="fdr_bh")[1]
    return p


def design(exposed: pd.DataFrame, table: pd.DataFrame, *, spline: bool) -> NDArray[np.float64]:
    """Return ones, sex, perhaps the age spline, then the exposures, shape (rows, columns).

    A cohort of one sex has no column for it; ages of fewer than six kinds no spline.
    """
    columns = [np.ones(len(table))]
    men = (table["sex"] == "M").to_numpy(dtype=np.float64)
    columns += [men] if np.ptp(men) > 0 else []
    age = table["age_years"].to_numpy(dtype=np.float64)
    if spline and len(np.unique(age)) > _SPLINE_DEGREES + 1:
        basis = dmatrix(
            f"cr(age, df={_SPLINE_DEGREES}, constraints='center') - 1",
            {"age": age},
            return_type="matrix",
        )
        columns += list(np.asarray(basis).T)
    return np.column_stack([*columns, exposed.to_numpy(dtype=np.float64)])


def _omissions(x: pd.DataFrame, table: pd.DataFrame, model: Model) -> dict[str, str]:
    """Say of each term that cannot be estimated why."""
    reasons: dict[str, str] = {}
    _, person = np.unique(table["patient"].to_numpy(), return_inverse=True)
    kept = design(x[[]], table, spline=False)
    for term in terms():
        if term.model is not model:
            continue
        if term.name not in x:
            reasons[term.name] = "column missing"
            continue
        values = x[term.name].to_numpy()
        more = np.column_stack([kept, values])
        if min(_people(values != 0, person), _varied(values, person)) < LEAST_PEOPLE:
            reasons[term.name] = f"fewer than {LEAST_PEOPLE} people with or without it"
        elif np.linalg.matrix_rank(more) < more.shape[1]:
            reasons[term.name] = "told by the terms above it"
        else:
            kept = more
    return reasons


def _people(rows: NDArray[np.bool_], person: NDArray[np.intp]) -> int:
    return len(np.unique(person[rows]))


def _varied(values: NDArray[np.float64], person: NDArray[np.intp]) -> int:
    """Return how many people do not share the commonest value."""
    kinds, counts = np.unique(values, return_counts=True)
    return _people(values != kinds[counts.argmax()], person) if len(kinds) else 0


def _fit(x: pd.DataFrame, table: pd.DataFrame, gaps: Gaps, *, spline: bool) -> dict[str, Estimate]:
    """Return the estimate of each exposure."""
    if x.columns.empty:
        return {}
    columns = design(x, table, spline=spline)
    found = fit_gaps(columns, gaps, table["patient"].to_numpy()).estimates()
    return dict(zip(x.columns, found[-x.shape[1] :], strict=True))
