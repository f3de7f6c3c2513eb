"""Figures of P1 and P2, from predictions and truth."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spine.age.interval import BRACKETS_START_YEARS

Years = NDArray[np.floating]
GradeArray = NDArray[np.int64]


def mean_absolute_error(truth: Years, predicted: Years) -> float:
    """P1, equation 4."""
    return float(np.abs(truth - predicted).mean())


def weighted_mean_absolute_error(truth: Years, predicted: Years) -> float:
    """Return the mean over P1's age brackets of the error in each (P1, equation 5)."""
    bracket = np.digitize(truth, BRACKETS_START_YEARS)
    errors = np.abs(truth - predicted)
    return float(np.mean([errors[bracket == value].mean() for value in np.unique(bracket)]))


def r_squared(truth: Years, predicted: Years) -> float:
    """P1, equation 6."""
    return float(1 - ((truth - predicted) ** 2).sum() / ((truth - truth.mean()) ** 2).sum())


@dataclass(frozen=True, slots=True)
class ProgressionScores:
    """P2's evaluation metrics; F1 is 0 where nothing was rightly called progression."""

    accuracy: float
    precision: float
    recall: float
    f1: float


def progression_scores(
    baseline: GradeArray, followup: GradeArray, predicted: GradeArray
) -> ProgressionScores:
    """Score predicted follow-up grades as calls of progression (P2, Evaluation Metrics).

    As in P2, improvement counts as no progression.
    """
    progressed, called = followup > baseline, predicted > baseline
    hits = int((progressed & called).sum())
    precision = hits / max(int(called.sum()), 1)
    recall = hits / max(int(progressed.sum()), 1)
    f1 = 2 * precision * recall / (precision + recall) if hits else 0.0
    return ProgressionScores(float((progressed == called).mean()), precision, recall, f1)


def area_under_curve(truth: NDArray[np.bool_], scores: NDArray[np.floating]) -> float:
    """Return the chance that a true case scores above a false one, ties counting half.

    NaN where there is no true or no false case. Of answers of one network: over folds see
    `research.estimators.discs.discrimination`.
    """
    above = np.subtract.outer(scores[truth], scores[~truth])
    return float(((above > 0) + 0.5 * (above == 0)).mean()) if above.size else float("nan")


def most_frequent_followup(
    baseline: GradeArray, followup: GradeArray, asked: GradeArray
) -> GradeArray:
    """Predict each follow-up grade from the baseline grade alone: what needs no image.

    Parameters
    ----------
    baseline, followup : of the training discs
    asked : baseline grades to answer for; a grade never seen is predicted to stay
    """
    rule = {
        int(grade): int(np.bincount(followup[baseline == grade]).argmax())
        for grade in np.unique(baseline)
    }
    return np.array([rule.get(int(grade), int(grade)) for grade in asked], dtype=np.int64)
