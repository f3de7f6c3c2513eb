"""P2's evaluation metrics, and kappa, from counts of discs in every draw."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from research.estimators.discs.resampling import Floats, Resamples, ratio

Flags = NDArray[np.bool_]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Outcomes:
    """Discs that were rightly and wrongly said to progress; shape (1 + draws,) each.

    Source
    ------
    P2, Evaluation Metrics. Where nothing was called, there is no precision (NaN).
    """

    tp: Floats
    tn: Floats
    fp: Floats
    fn: Floats

    @property
    def total(self) -> Floats:
        return self.tp + self.tn + self.fp + self.fn

    @property
    def accuracy(self) -> Floats:
        return ratio(self.tp + self.tn, self.total)

    @property
    def precision(self) -> Floats:
        return ratio(self.tp, self.tp + self.fp)

    @property
    def recall(self) -> Floats:
        return ratio(self.tp, self.tp + self.fn)

    @property
    def specificity(self) -> Floats:
        return ratio(self.tn, self.tn + self.fp)

    @property
    def f1(self) -> Floats:
        """The harmonic mean of precision and recall; 0 where nothing was rightly called."""
        return ratio(2 * self.tp, 2 * self.tp + self.fp + self.fn)

    @property
    def balanced_accuracy(self) -> Floats:
        return (self.recall + self.specificity) / 2


def outcomes(truth: Flags, called: Flags, resamples: Resamples) -> Outcomes:
    """Count true and false positives and negatives in every draw."""
    columns = (truth & called, ~truth & ~called, ~truth & called, truth & ~called)
    return Outcomes(*resamples.sums(np.column_stack(columns)).T)


def confusion(truth: Integers, answer: Integers, grades: Integers, resamples: Resamples) -> Floats:
    """Count discs by true and answered grade; shape (1 + draws, grades, grades), truth first."""
    size = len(grades)
    place = np.searchsorted(grades, truth) * size + np.searchsorted(grades, answer)
    return resamples.sums(np.eye(size * size)[place]).reshape(-1, size, size)


def kappa(table: Floats, *, quadratic: bool) -> Floats:
    """Return Cohen's kappa of every draw; NaN where chance alone would agree wholly.

    Parameters
    ----------
    table : as `confusion` gives it
    quadratic : weigh a disagreement by the square of the distance of its grades

    Source
    ------
    Cohen 1960, doi 10.1177/001316446002000104, and 1968, doi 10.1037/h0026256.
    """
    rank = np.arange(table.shape[-1])
    apart = np.subtract.outer(rank, rank)
    weight = (apart**2 if quadratic else apart != 0).astype(np.float64)
    rows, columns = table.sum(axis=2), table.sum(axis=1)
    seen = (table * weight).sum(axis=(1, 2)) * table.sum(axis=(1, 2))
    by_chance = np.einsum("di,dj,ij->d", rows, columns, weight)
    return 1 - ratio(seen, by_chance)


def balanced_grade_accuracy(table: Floats) -> Floats:
    """Return the mean over the grades that occur of the share of each that is found."""
    return np.asarray(np.nanmean(ratio(np.einsum("dii->di", table), table.sum(axis=2)), axis=1))


def share_off_by_more_than_one(table: Floats) -> Floats:
    """Return the share of discs whose grade is missed by two or more."""
    rank = np.arange(table.shape[-1])
    far = np.abs(np.subtract.outer(rank, rank)) > 1
    return ratio((table * far).sum(axis=(1, 2)), table.sum(axis=(1, 2)))
