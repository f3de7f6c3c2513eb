"""Whether intervals cover what they promise, over many draws of who calibrates them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from research.measurements import Data, Measurement
from research.validation.age.cases import AgeCase, ages, predictions
from spine.age.interval import fit_intervals, interval_at
from spine.inference.models import AgeIntervals, BiasLine

REDRAWS = 200
# The issue's own limits: coverage of each bracket over the redraws, and of one pooled test.
LEAST_MEAN, MOST_MEAN = 0.895, 0.92
LEAST_POOLED, MOST_POOLED = 0.87, 0.93
POOLED = "interval: pooled coverage of unseen cases"
# One bracket holds all that it is given: they have been chosen by bracket already.
_UNDIVIDED = 10**9

Years = NDArray[np.float64]


def coverage_over_redraws(
    pool: Sequence[AgeCase],
    line: BiasLine,
    intervals: AgeIntervals,
    data: Data,
    rng: np.random.Generator,
) -> list[Measurement]:
    """Return, by bracket, the mean coverage of cases left over by a drawn calibration.

    Every redraw takes as many cases of a bracket as calibrated the given intervals there, and
    measures on the rest, so that the brackets stay the same.

    Parameters
    ----------
    pool : cases drawn alike: those of the calibration and of the test
    """
    years, corrected = ages(pool), predictions(pool, line)
    rows = []
    for bracket in intervals.brackets:
        inside = (years >= bracket.first_years) & (years < bracket.last_years + 1)
        share = _mean_coverage(years[inside], corrected[inside], bracket.cases, rng)
        name = (
            f"interval, {bracket.first_years}-{bracket.last_years} years: mean coverage over "
            f"{REDRAWS} redraws"
        )
        rows += limited(name, share, data, int(inside.sum()), (LEAST_MEAN, MOST_MEAN))
    return rows


def pooled_coverage(
    cases: Sequence[AgeCase], line: BiasLine, intervals: AgeIntervals, data: Data
) -> list[Measurement]:
    """Return the share of unseen cases within their interval, with both of its limits."""
    found = [
        (gap, interval_at(intervals, case.age_years, gap))
        for case in cases
        for gap in [case.gap_years(line)]
    ]
    within = [abs(gap) <= item.half_width_years for gap, item in found if item is not None]
    share = float(np.mean(within)) if within else None
    return limited(POOLED, share, data, len(within), (LEAST_POOLED, MOST_POOLED))


def limited(
    name: str, value: float | None, data: Data, cases: int, limits: tuple[float, float]
) -> list[Measurement]:
    """Return a share that must lie in a range as two rows."""
    low, high = limits
    return [
        Measurement(f"{name}, at least", value, "1", data, cases, low, "higher"),
        Measurement(f"{name}, at most", value, "1", data, cases, high, "lower"),
    ]


def _mean_coverage(
    years: Years, corrected: Years, calibrating: int, rng: np.random.Generator
) -> float | None:
    """Return the share of left-over cases within the drawn half width; None without any."""
    if years.size <= calibrating:
        return None
    covered = 0
    gaps = np.abs(corrected - years)
    for _ in range(REDRAWS):
        order = rng.permutation(years.size)
        chosen, rest = order[:calibrating], order[calibrating:]
        found = fit_intervals(years[chosen], corrected[chosen], "synthetic", _UNDIVIDED)
        if found is None:
            return None
        covered += int((gaps[rest] <= found.brackets[0].half_width_years).sum())
    return covered / (REDRAWS * (years.size - calibrating))
