"""Figures of out-of-fold predictions, beside what the baseline grade alone gives."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import cohen_kappa_score

from research.estimators.discs.discrimination import area_under_curve
from research.estimators.discs.resampling import resample_patients
from research.training import metrics
from research.training.discs.predictions import Gradings, Predictions


class Answers(NamedTuple):
    """Follow-up grade and chance of progression of each disc."""

    grades: NDArray[np.int64]
    progress: NDArray[np.float64]


def figures(found: Predictions) -> Iterator[tuple[str, float]]:
    """Yield name and value of every figure, the network's and the baseline grade's.

    Of a single fold the network's alone: no other fold tells what a baseline grade becomes.
    """
    rows = {"network": Answers(found.predicted, found.progress)}
    if len(np.unique(found.folds)) > 1:
        rows["baseline grade alone"] = from_baseline(found)
    for how, answers in rows.items():
        for name, value in scores(found, answers):
            yield f"{name}, {how}", value


def grading_figures(found: Gradings) -> Iterator[tuple[str, float]]:
    """Yield name and value of a grading model's figures."""
    yield "grade accuracy", float((found.truth == found.answers).mean())
    yield "grade off by more than one", float((np.abs(found.truth - found.answers) > 1).mean())
    yield (
        "quadratic kappa",
        float(cohen_kappa_score(found.truth, found.answers, weights="quadratic")),
    )


def from_baseline(found: Predictions) -> Answers:
    """Answer every fold from the other folds' frequencies at the same baseline grade."""
    grades = found.baseline.copy()
    progress = np.zeros(len(grades))
    progressed = found.followup > found.baseline
    for fold in np.unique(found.folds):
        known, asked = found.folds != fold, found.folds == fold
        before, after = found.baseline[known], found.followup[known]
        grades[asked] = metrics.most_frequent_followup(before, after, found.baseline[asked])
        for grade in np.unique(before):
            share = progressed[known][before == grade].mean()
            progress[asked & (found.baseline == grade)] = share
    return Answers(grades, progress)


def scores(found: Predictions, answers: Answers) -> Iterator[tuple[str, float]]:
    """Yield name and value of P2's figures, and of those that need no threshold."""
    progressed = found.followup > found.baseline
    scores = metrics.progression_scores(found.baseline, found.followup, answers.grades)
    yield "follow-up grade accuracy", float((answers.grades == found.followup).mean())
    yield "progression accuracy", scores.accuracy
    yield "progression F1", scores.f1
    yield "progression AUC", _area_under_curve(found, progressed, answers.progress)
    yield "progression Brier score", float(((answers.progress - progressed) ** 2).mean())


def _area_under_curve(
    found: Predictions, progressed: NDArray[np.bool_], progress: NDArray[np.float64]
) -> float:
    """Return the area over pairs of one fold, as the report has it (docs/adr/0099)."""
    everybody = resample_patients(found.patients, np.random.default_rng(0), draws=0)
    return float(area_under_curve(progressed, progress, found.folds, everybody)[0])
