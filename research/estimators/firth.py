"""Logistic regression where events are few: Firth's penalty keeps every estimate finite."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import chi2

Vector = NDArray[np.floating]
Matrix = NDArray[np.floating]

_STEPS = 200
_LONGEST_STEP = 5.0
# Of a log odds: far below any digit that is shown.
_CLOSE = 1e-5
# Wider than any odds ratio that means something: e^30.
_FARTHEST = 30.0


@dataclass(frozen=True, slots=True)
class LogOdds:
    """A coefficient of a logistic model with the interval of its profile."""

    value: float
    low: float
    high: float


def fit_firth(design: Matrix, event: NDArray[np.bool_], column: int) -> LogOdds:
    """Return one coefficient by Firth's penalized likelihood, with its 95 % profile interval.

    The profile and not Wald's interval: with few events the likelihood is skewed.

    Parameters
    ----------
    design : shape (rows, columns), with a column of ones
    column : number of the coefficient that is wanted

    Source
    ------
    Firth 1993, doi 10.1093/biomet/80.1.27; Heinze and Schemper 2002, doi 10.1002/sim.1047.
    """
    y = event.astype(np.float64)
    free = np.ones(design.shape[1], dtype=np.bool_)
    best = _climb(design, y, np.zeros(design.shape[1]), free)
    top = _height(design, y, best)
    others = free.copy()
    others[column] = False
    limit = float(chi2.ppf(0.95, 1))
    # Each climb begins where the last one ended, which is near.
    last = [best]

    def excess(value: float) -> float:
        start = last[0].copy()
        start[column] = value
        last[0] = _climb(design, y, start, others)
        return 2 * (top - _height(design, y, last[0])) - limit

    at = float(best[column])
    return LogOdds(at, _crossing(excess, at, -1), _crossing(excess, at, +1))


def _climb(design: Matrix, y: Vector, start: Vector, free: NDArray[np.bool_]) -> Vector:
    """Maximize the penalized likelihood over the free coefficients, by halved Newton steps."""
    at, height = start, _height(design, y, start)
    for _ in range(_STEPS):
        step = np.zeros_like(at)
        step[free] = _newton_step(design, y, at, free)
        step *= min(1.0, _LONGEST_STEP / max(float(np.abs(step).max()), _CLOSE))
        while (higher := _height(design, y, at + step)) < height and np.abs(step).max() > _CLOSE:
            step /= 2
        if np.abs(step).max() <= _CLOSE:
            break
        at, height = at + step, higher
    return at


def _newton_step(design: Matrix, y: Vector, at: Vector, free: NDArray[np.bool_]) -> Vector:
    p, weight = _probability(design, at)
    information = design.T @ (design * weight[:, None])
    solved = np.linalg.solve(information, design.T).T
    leverage = weight * np.einsum("ij,ij->i", design, solved)
    score = design.T @ (y - p + leverage * (0.5 - p))
    step: Vector = np.linalg.solve(information[np.ix_(free, free)], score[free])
    return step


def _height(design: Matrix, y: Vector, at: Vector) -> float:
    """Return the log likelihood plus half the log determinant of the information."""
    linear = design @ at
    likelihood = float(y @ linear - np.logaddexp(0, linear).sum())
    _, weight = _probability(design, at)
    sign, logarithm = np.linalg.slogdet(design.T @ (design * weight[:, None]))
    return likelihood + 0.5 * float(logarithm) if sign > 0 else -math.inf


def _probability(design: Matrix, at: Vector) -> tuple[Vector, Vector]:
    p = 1 / (1 + np.exp(-np.clip(design @ at, -_FARTHEST, _FARTHEST)))
    return p, p * (1 - p)


def _crossing(excess: Callable[[float], float], at: float, direction: int) -> float:
    """Return where the profile has fallen far enough; infinite if it never does."""
    reach = 1.0
    while excess(at + direction * reach) < 0:
        reach *= 2
        if reach > _FARTHEST:
            return direction * math.inf
    return float(brentq(excess, at, at + direction * reach, xtol=1e-3))
