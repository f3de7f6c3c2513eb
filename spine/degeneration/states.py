"""What becomes of a grade in five years, and when nothing is said about it (docs/adr/0096)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spine.anatomy.grades import Progression, Scale, Undetermined
from spine.findings import Baseline

# From this probability of progression on, a prediction that names no progression, or below it
# one that does, contradicts itself.
EVEN = 0.5
# A grading model's most probable grade counts as the baseline grade from here on.
LEAST_CERTAINTY = 0.8


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is said of one scale of a disc.

    Attributes
    ----------
    progression : what is said
    by_grade : what the predicted grade alone says
    probability : of progression within five years, the only horizon; None without a baseline
    undetermined : why nothing is said; None where something is
    """

    progression: Progression
    by_grade: Progression
    probability: float | None
    undetermined: Undetermined | None


def judge(
    scale: Scale,
    baseline: Baseline | None,
    probabilities: NDArray[np.float64],
    predicted_grade: int,
) -> Verdict:
    """Compare a predicted grade and its probabilities with the baseline.

    Parameters
    ----------
    probabilities : one per grade of the scale, in order
    predicted_grade : the most probable one

    Source
    ------
    P2, Prediction Pipeline: the state is that of the most probable grade. Ours: it stays
    undetermined where the probability of progression contradicts it.
    """
    if baseline is None:
        return _nothing(Undetermined.NO_BASELINE)
    if baseline.is_open:
        return _nothing(Undetermined.OPEN_CLASS)
    by_grade = progression_from_grades(scale, baseline.grade, predicted_grade)
    probability = progression_probability(scale, baseline, probabilities)
    doubt = _doubt(baseline, by_grade, probability)
    said = by_grade if doubt is None else Progression.UNDETERMINED
    return Verdict(said, by_grade, probability, doubt)


def progression_from_grades(scale: Scale, baseline_grade: int, predicted_grade: int) -> Progression:
    """Name what becomes of a grade; the highest cannot progress and is not at risk."""
    if baseline_grade == max(scale.grades):
        return Progression.NOT_AT_RISK
    if predicted_grade > baseline_grade:
        return Progression.PROGRESSED
    if predicted_grade < baseline_grade:
        return Progression.IMPROVED
    return Progression.UNCHANGED


def progression_probability(
    scale: Scale, baseline: Baseline, probabilities: NDArray[np.float64]
) -> float:
    """Sum over the grades above the baseline; over a grading model's whole distribution.

    A class of several grades counts as its lowest, from which most can follow: its share is
    an upper bound.
    """
    grading = baseline.grading
    if grading is None:
        return _above(scale, baseline.grade, probabilities)
    pairs = zip(grading.classes, grading.probabilities, strict=True)
    return min(1.0, sum(share * _above(scale, min(one), probabilities) for one, share in pairs))


def _above(scale: Scale, grade: int, probabilities: NDArray[np.float64]) -> float:
    # Of rounding alone a sum of shares may exceed 1.
    return min(1.0, float(probabilities[[int(other) > grade for other in scale.grades]].sum()))


def _doubt(baseline: Baseline, by_grade: Progression, probability: float) -> Undetermined | None:
    if baseline.grading is not None and baseline.grading.certainty < LEAST_CERTAINTY:
        return Undetermined.UNSURE_BASELINE
    if by_grade is Progression.NOT_AT_RISK:
        return None
    if (by_grade is Progression.PROGRESSED) != (probability >= EVEN):
        return Undetermined.CONTRADICTION
    return None


def _nothing(reason: Undetermined) -> Verdict:
    return Verdict(Progression.UNDETERMINED, Progression.UNDETERMINED, None, reason)
