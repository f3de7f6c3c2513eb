"""Grades of real discs told without an image, fitted inside the training folds."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from research.estimators.discs.columns import Floats, Integers
from research.estimators.discs.features import one_of
from research.estimators.discs.fitting import class_chances
from research.estimators.discs.real_discs import RealDiscs

_DECADE = 10.0
_SHRINKAGE = 1.0


def pfirrmann_by_age_and_level(discs: RealDiscs, fold: Integers) -> Integers:
    """Tell the Pfirrmann grade from age and level: a curved surface, rounded to a grade.

    Of the rules tried on the 24 patients this one comes closest to the readers: the bar that an
    image has to pass is set high on purpose.
    """
    design = np.column_stack([discs.age_years, discs.rank.astype(np.float64)])
    grade = discs.pfirrmann.astype(np.float64)

    def fit(training: NDArray[np.bool_], held_out: NDArray[np.bool_]) -> Floats:
        surface = make_pipeline(StandardScaler(), PolynomialFeatures(2), Ridge(_SHRINKAGE))
        return np.asarray(surface.fit(design[training], grade[training]).predict(design[held_out]))

    rounded = np.rint(_by_fold(fold, fit))
    return np.clip(rounded, 1, 5).astype(np.int64)


def bulging_by_age_and_level(discs: RealDiscs, truth: NDArray[np.bool_], fold: Integers) -> Floats:
    """Return the chance that a disc bulges by age and level, both outcomes weighed alike."""
    return _chances(np.column_stack([_age(discs), one_of(discs.rank)]), truth, fold)


def bulging_by_true_pfirrmann(discs: RealDiscs, truth: NDArray[np.bool_], fold: Integers) -> Floats:
    """The same with the Pfirrmann grade that a reader gave: more than an image alone gives."""
    design = np.column_stack([_age(discs), one_of(discs.rank), discs.pfirrmann])
    return _chances(design, truth, fold)


def leave_one_patient_out(discs: RealDiscs) -> Integers:
    """Return folds of one patient each."""
    return np.unique(discs.patient, return_inverse=True)[1].astype(np.int64)


def _age(discs: RealDiscs) -> Floats:
    return discs.age_years / _DECADE


def _chances(design: Floats, truth: NDArray[np.bool_], fold: Integers) -> Floats:
    def fit(training: NDArray[np.bool_], held_out: NDArray[np.bool_]) -> Floats:
        classes = truth[training].astype(np.int64)
        return class_chances(design[training], classes, design[held_out], 2, balanced=True)[:, 1]

    return _by_fold(fold, fit)


def _by_fold(
    fold: Integers, fit: Callable[[NDArray[np.bool_], NDArray[np.bool_]], Floats]
) -> Floats:
    found = np.zeros(len(fold))
    for number in np.unique(fold):
        found[fold == number] = fit(fold != number, fold == number)
    return found
