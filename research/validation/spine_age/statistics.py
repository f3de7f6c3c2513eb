"""All statistics of one cohort: gaps, associations, odds, and how the gap runs with age."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from research.estimators.associations import Association, fit_associations
from research.estimators.gap_and_age import Interaction, age_interaction
from research.estimators.gaps import Correction, Gaps, fit_correction, gaps_of
from research.estimators.odds import ConditionOdds, fit_odds

DEMANDING = "demanding_work"
"""Moderate or heavy work: P1's "physically demanding" of Figure 7, as far as its words tell."""

PREDICTED = "predicted_age_years"


@dataclass(frozen=True, slots=True)
class Statistics:
    """What was found in a cohort.

    Attributes
    ----------
    table : typed reports of the full-test set that have a prediction
    gaps : theirs
    unpredicted : series of the full-test set without a prediction, which are left out
    interaction : None where too few do demanding work, or nobody was asked
    """

    table: pd.DataFrame
    gaps: Gaps
    unpredicted: int
    associations: list[Association]
    odds: list[ConditionOdds]
    interaction: Interaction | None

    @property
    def correction(self) -> Correction:
        """The bias line."""
        return self.gaps.correction


def fit_statistics(
    table: pd.DataFrame, validation: NDArray[np.bool_], full_test: NDArray[np.bool_]
) -> Statistics:
    """Fit the bias line on validation series and everything else on the full-test set.

    Parameters
    ----------
    table : typed reports with predictions
    validation : normal validation series, shape (rows,)
    full_test : all abnormal and the normal test series, shape (rows,)

    Raises
    ------
    ValueError
        If the bias line cannot be fitted.
    """
    correction = fit_correction(table[validation])
    known = table[PREDICTED].notna().to_numpy()
    used = with_demanding_work(table[full_test & known])
    gaps = gaps_of(used, correction)
    return Statistics(
        used,
        gaps,
        int((full_test & ~known).sum()),
        fit_associations(used, gaps),
        fit_odds(used, gaps.years),
        _interaction(used, gaps),
    )


def with_demanding_work(table: pd.DataFrame) -> pd.DataFrame:
    """Add whether work is moderate or heavy; unknown where no answer says yes and one lacks."""
    names = [name for name in ("moderate_work", "heavy_work") if name in table.columns]
    if not names:
        return table
    answers = table[names].to_numpy(dtype=np.float64)
    does = np.where((answers == 1).any(axis=1), 1.0, answers.sum(axis=1))
    return table.assign(**{DEMANDING: does})


def _interaction(table: pd.DataFrame, gaps: Gaps) -> Interaction | None:
    if DEMANDING not in table.columns:
        return None
    try:
        return age_interaction(table, gaps, DEMANDING)
    except np.linalg.LinAlgError:
        return None
