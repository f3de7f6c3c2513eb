"""Whether of discs with a chance of 30 % thirty in a hundred progress."""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

from research.estimators.discs.counts import Flags
from research.estimators.discs.resampling import (
    Estimate,
    Floats,
    Resamples,
    estimate,
    ratio,
)

_CLIP = 1e-6
# Of the logit of a chance: discs this close are taken together, which moves a slope by 1e-5.
_STEP = 0.01
_ITERATIONS = 30
_CONVERGED = 1e-8
_BINS = 10


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """Of every draw; shape (1 + draws,).

    Attributes
    ----------
    slope : of the outcome's logit on that of the chance; 1 is right, below 1 overconfident
    intercept : with the slope held at 1, calibration in the large; above 0 too low chances
    """

    slope: Floats
    intercept: Floats


@dataclass(frozen=True, slots=True)
class Bin:
    """Discs of about one chance: the mean of their chances, and how many progressed."""

    chance: float
    progressed: Estimate
    discs: int


def calibration(truth: Flags, chance: Floats, resamples: Resamples) -> Calibration:
    """Fit slope and intercept in every draw; NaN where nothing can be fitted.

    Parameters
    ----------
    truth, chance : of discs that can progress

    Source
    ------
    Cox 1958, doi 10.1093/biomet/45.3-4.562; Van Calster et al. 2019, doi
    10.1186/s12916-019-1466-7.
    """
    rounded = np.rint(logit(np.clip(chance, _CLIP, 1 - _CLIP)) / _STEP).astype(np.int64)
    values, place = np.unique(rounded, return_inverse=True)
    if len(values) < 2:
        nothing = np.full(resamples.times.shape[1], np.nan)
        return Calibration(nothing, nothing)
    trials, successes = _counts(truth, place, len(values), resamples)
    x = values * _STEP
    return Calibration(_slope(x, trials, successes), _intercept(x, trials, successes))


def calibration_bins(truth: Flags, chance: Floats, resamples: Resamples) -> list[Bin]:
    """Return about ten groups of equally many discs, by chance."""
    edges = np.unique(np.quantile(chance, np.linspace(0, 1, _BINS + 1)[1:-1]))
    group = np.searchsorted(edges, chance, side="right")
    bins = []
    for number in np.unique(group):
        inside = group == number
        some = resamples.of(inside)
        share = ratio(some.sums(truth[inside]), some.sums(np.ones(int(inside.sum()))))
        bins.append(Bin(float(chance[inside].mean()), estimate(share), int(inside.sum())))
    return bins


def _counts(
    truth: Flags, place: np.ndarray, size: int, resamples: Resamples
) -> tuple[Floats, Floats]:
    """Return discs, and progressed ones, at each value; shape (values, 1 + draws) each."""
    of_patient = np.zeros((2, len(resamples.times), size))
    np.add.at(of_patient[0], (resamples.member, place), 1)
    np.add.at(of_patient[1], (resamples.member, place), truth)
    trials, successes = of_patient.transpose(0, 2, 1) @ resamples.times
    return trials, successes


def _slope(x: Floats, trials: Floats, successes: Floats) -> Floats:
    """Newton's method for two coefficients, all draws at once; NaN where it finds no end."""
    level, slope = np.zeros((2, trials.shape[1]))
    for _ in range(_ITERATIONS):
        p = expit(level + slope * x[:, None])
        rest, weight = successes - trials * p, trials * p * (1 - p)
        score = rest.sum(axis=0), x @ rest
        a, b, c = weight.sum(axis=0), x @ weight, x**2 @ weight
        determinant = a * c - b * b
        step = ratio(a * score[1] - b * score[0], determinant)
        level = level + ratio(c * score[0] - b * score[1], determinant)
        slope = slope + step
        if _has_ended(step):
            break
    return np.where(np.abs(step) < _CONVERGED, slope, np.nan)


def _intercept(x: Floats, trials: Floats, successes: Floats) -> Floats:
    level = np.zeros(trials.shape[1])
    for _ in range(_ITERATIONS):
        p = expit(level + x[:, None])
        step = ratio((successes - trials * p).sum(axis=0), (trials * p * (1 - p)).sum(axis=0))
        level = level + step
        if _has_ended(step):
            break
    return np.where(np.abs(step) < _CONVERGED, level, np.nan)


def _has_ended(step: Floats) -> bool:
    return bool((~np.isfinite(step) | (np.abs(step) < _CONVERGED)).all())
