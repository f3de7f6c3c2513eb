"""All figures of one answer on one group of discs: pooled with interval, and over the folds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from research.estimators.discs.answers import Answers
from research.estimators.discs.calibration import calibration
from research.estimators.discs.counts import (
    Outcomes,
    balanced_grade_accuracy,
    confusion,
    kappa,
    outcomes,
)
from research.estimators.discs.discrimination import area_under_curve, brier_score
from research.estimators.discs.predictions import Predictions
from research.estimators.discs.resampling import Estimate, Floats, Resamples, estimate, ratio

COUNTS = ("TP", "TN", "FP", "FN")
CALLS = ("accuracy", "precision", "recall", "F1", "balanced accuracy")
CHANCES = ("AUC", "Brier")
GRADES = ("kappa, quadratic", "kappa", "grade accuracy", "balanced grade accuracy")
CALIBRATION = ("calibration slope", "calibration intercept")
EVERYTHING = (*COUNTS, *CALLS, *CHANCES, *GRADES, *CALIBRATION)
# Enough of a subgroup.
SHORT = ("accuracy", "F1", "AUC", "Brier")


@dataclass(frozen=True, slots=True)
class Figure:
    """One measure.

    Attributes
    ----------
    pooled : over all discs, with its patient-bootstrap interval
    fold_mean, fold_sd : over the folds, as P2 gives it; no confidence interval; NaN where not
        asked for
    """

    pooled: Estimate
    fold_mean: float
    fold_sd: float


def measure(
    predictions: Predictions,
    answers: Answers,
    resamples: Resamples,
    wanted: tuple[str, ...] = EVERYTHING,
    *,
    over_folds: bool = True,
) -> dict[str, Figure]:
    """Return the wanted measures.

    Parameters
    ----------
    predictions, answers, resamples : of the same discs
    over_folds : also in every fold by itself
    """
    pooled = draws(predictions, answers, resamples, wanted)
    nothing = np.full(1, np.nan)
    folds = _folds(predictions, answers, wanted) if over_folds else dict.fromkeys(wanted, nothing)
    return {
        name: Figure(estimate(pooled[name]), float(folds[name].mean()), _deviation(folds[name]))
        for name in wanted
    }


def draws(
    predictions: Predictions, answers: Answers, resamples: Resamples, wanted: tuple[str, ...]
) -> dict[str, Floats]:
    """Return the wanted measures in every draw, shape (1 + draws,) each."""
    truth = predictions.progressed
    found = outcomes(truth, answers.called, resamples)
    table = confusion(predictions.followup, answers.grade, predictions.grades, resamples)
    at_risk = predictions.at_risk
    compute: dict[str, Callable[[], Floats]] = {
        **{name: _share(found, name) for name in COUNTS},
        "accuracy": lambda: found.accuracy,
        "precision": lambda: found.precision,
        "recall": lambda: found.recall,
        "F1": lambda: found.f1,
        "balanced accuracy": lambda: found.balanced_accuracy,
        "AUC": lambda: area_under_curve(truth, answers.chance, predictions.fold, resamples),
        "Brier": lambda: brier_score(truth, answers.chance, resamples),
        "kappa, quadratic": lambda: kappa(table, quadratic=True),
        "kappa": lambda: kappa(table, quadratic=False),
        "grade accuracy": lambda: ratio(np.einsum("dii->d", table), table.sum(axis=(1, 2))),
        "balanced grade accuracy": lambda: balanced_grade_accuracy(table),
    }
    values = {name: compute[name]() for name in wanted if name in compute}
    if set(wanted) & set(CALIBRATION):
        line = calibration(truth[at_risk], answers.chance[at_risk], resamples.of(at_risk))
        values |= dict(zip(CALIBRATION, (line.slope, line.intercept), strict=True))
    return values


def _share(found: Outcomes, name: str) -> Callable[[], Floats]:
    return lambda: ratio(getattr(found, name.lower()), found.total)


def _folds(
    predictions: Predictions, answers: Answers, wanted: tuple[str, ...]
) -> Mapping[str, NDArray[np.float64]]:
    """Return each measure in every fold by itself."""
    found = []
    for number in np.unique(predictions.fold):
        inside = predictions.fold == number
        once = Resamples(np.zeros(int(inside.sum()), dtype=np.intp), np.ones((1, 1)))
        found.append(draws(predictions.of(inside), answers.of(inside), once, wanted))
    return {name: np.array([one[name][0] for one in found]) for name in wanted}


def _deviation(values: NDArray[np.float64]) -> float:
    return float(values.std(ddof=1)) if len(values) > 1 else float("nan")
