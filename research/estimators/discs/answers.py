"""Who answers: the model, and rules that need no image, fitted inside the training folds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from research.estimators.discs.features import age_and_level, one_of
from research.estimators.discs.fitting import binary_chances, class_chances
from research.estimators.discs.predictions import Predictions
from research.estimators.discs.resampling import Floats

Flags = NDArray[np.bool_]
Integers = NDArray[np.int64]


class Source(StrEnum):
    """Rows of every table."""

    MODEL = "model"
    ALWAYS = "always"
    NEVER = "never"
    BASELINE = "baseline grade only"
    BASELINE_F1 = "baseline grade only, best F1"
    AGE_LEVEL = "age + level"
    ALL_BUT_IMAGE = "baseline grade + age + level"
    ORACLE = "oracle"


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What is said of each disc; shape (discs,) each.

    Attributes
    ----------
    grade : at follow-up
    called : whether it progresses
    chance : that it does, 0 to 1
    """

    source: Source
    grade: Integers
    called: Flags
    chance: Floats

    def of(self, members: Flags) -> "Answers":
        """Return the answers for some discs."""
        return Answers(self.source, self.grade[members], self.called[members], self.chance[members])


def model(predictions: Predictions) -> Answers:
    """Answer with the most probable grade (P2), and its chance from the calibrated ones."""
    return from_distribution(Source.MODEL, predictions, predictions.probabilities)


def without_image(predictions: Predictions) -> list[Answers]:
    """Return every answer that needs no image; what is fitted has not seen the disc's fold."""
    return [
        always(predictions),
        never(predictions),
        baseline_only(predictions),
        best_f1_of_baseline(predictions),
        by_age_and_level(predictions),
        by_all_but_image(predictions),
    ]


def from_distribution(source: Source, predictions: Predictions, shares: Floats) -> Answers:
    """Take the most probable grade, and sum the chances of the grades above the baseline.

    Parameters
    ----------
    shares : of the scale's grades in order, shape (discs, grades)
    """
    grades, baseline = predictions.grades, predictions.baseline
    grade = grades[shares.argmax(axis=1)]
    chance = (shares * (grades > baseline[:, None])).sum(axis=1)
    return Answers(source, grade, grade > baseline, np.clip(chance, 0, 1))


def always(predictions: Predictions) -> Answers:
    """Say that every disc that can gets worse by one grade."""
    grade = np.minimum(predictions.baseline + 1, predictions.grades.max())
    at_risk = predictions.at_risk
    return Answers(Source.ALWAYS, grade, at_risk, at_risk.astype(np.float64))


def never(predictions: Predictions) -> Answers:
    """Say that every grade stays."""
    size = len(predictions)
    return Answers(Source.NEVER, predictions.baseline, np.zeros(size, dtype=bool), np.zeros(size))


def baseline_only(predictions: Predictions) -> Answers:
    """Answer with the share of each follow-up grade among training discs of the same baseline.

    A baseline grade that no training disc has is said to stay.
    """
    shares = _held_out(predictions, _followup_shares)
    return from_distribution(Source.BASELINE, predictions, shares)


def best_f1_of_baseline(predictions: Predictions) -> Answers:
    """Call progression at the set of baseline grades that had the best F1 in the training folds.

    The most frequent follow-up grade calls next to nothing on two of P2's scales, and so has
    an F1 near 0; this rule knows no more and has the F1 that an image must beat.
    """
    called = _held_out(predictions, _called_for_f1).astype(bool)
    grade = np.minimum(predictions.baseline + called, predictions.grades.max())
    chance = baseline_only(predictions).chance
    return Answers(Source.BASELINE_F1, grade, called, chance)


def by_age_and_level(predictions: Predictions) -> Answers:
    """Answer two questions by age and level alone: does it progress, and to which grade."""
    design = age_and_level(predictions.age_years, predictions.level)
    progressed, place = predictions.progressed, predictions.followup - predictions.grades[0]

    def fit(training: Flags, held_out: Flags) -> Floats:
        return binary_chances(design[training], progressed[training], design[held_out])

    def fit_grades(training: Flags, held_out: Flags) -> Floats:
        size = len(predictions.grades)
        return class_chances(design[training], place[training], design[held_out], size)

    chance = _by_fold(predictions.fold, fit)
    grade = predictions.grades[_by_fold(predictions.fold, fit_grades).argmax(axis=1)]
    return Answers(Source.AGE_LEVEL, grade, chance >= 0.5, chance)


def by_all_but_image(predictions: Predictions) -> Answers:
    """Answer by all that is known without an image: the most that it could tell."""
    design = np.hstack(
        [
            age_and_level(predictions.age_years, predictions.level),
            one_of(predictions.baseline),
        ]
    )
    place = predictions.followup - predictions.grades[0]

    def fit(training: Flags, held_out: Flags) -> Floats:
        size = len(predictions.grades)
        return class_chances(design[training], place[training], design[held_out], size)

    shares = _by_fold(predictions.fold, fit)
    return from_distribution(Source.ALL_BUT_IMAGE, predictions, shares)


def _by_fold(fold: Integers, fit: Callable[[Flags, Flags], Floats]) -> Floats:
    """Answer for each fold with what was fitted to the others."""
    parts = [(fold == number, fit(fold != number, fold == number)) for number in np.unique(fold)]
    found = np.zeros((len(fold), *parts[0][1].shape[1:]))
    for inside, answer in parts:
        found[inside] = answer
    return found


def _held_out(predictions: Predictions, rule: Callable[[Predictions, Integers], Floats]) -> Floats:
    """Answer for each fold with a rule of the baseline grade, learned from the others."""

    def fit(training: Flags, held_out: Flags) -> Floats:
        return rule(predictions.of(training), predictions.baseline[held_out])

    return _by_fold(predictions.fold, fit)


def _followup_shares(known: Predictions, asked: Integers) -> Floats:
    table = np.zeros((len(known.grades), len(known.grades)))
    first = known.grades[0]
    np.add.at(table, (known.baseline - first, known.followup - first), 1)
    unseen = table.sum(axis=1) == 0
    table[unseen] = np.eye(len(table))[unseen]
    return np.asarray((table / table.sum(axis=1, keepdims=True))[asked - first])


def _called_for_f1(known: Predictions, asked: Integers) -> Floats:
    grades = np.unique(known.baseline[known.at_risk])
    chosen = max(_subsets(grades.tolist()), key=lambda subset: _f1(known, subset))
    return np.isin(asked, chosen).astype(np.float64)


def _subsets(grades: Sequence[int]) -> list[tuple[int, ...]]:
    return [some for size in range(len(grades) + 1) for some in combinations(grades, size)]


def _f1(known: Predictions, called_at: Sequence[int]) -> float:
    called = np.isin(known.baseline, called_at)
    tp = int((known.progressed & called).sum())
    return 2 * tp / max(int(known.progressed.sum() + called.sum()), 1)
