"""Measuring a trained age network: its bias line, its error by age, its figures."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from research.estimators.agreement import minimal_detectable_change
from research.training import metrics
from spine.age.bias import correct_bias, fit_bias
from spine.age.interval import fit_intervals, interval_at
from spine.inference.cards import DETECTABLE_CHANGE, Metric
from spine.inference.models import AgeIntervals, BiasLine

Years = NDArray[np.float64]
DataOrigin = Literal["synthetic", "real"]

# Of whom two scans tell how far error alone moves a gap.
LEAST_PEOPLE = 50


@dataclass(frozen=True, slots=True, eq=False)
class AgeResult:
    """The bias line of a network, its error by age, and its figures on the test part.

    Attributes
    ----------
    intervals : None where the calibration part is too small for any
    """

    bias: BiasLine
    intervals: AgeIntervals | None
    metrics: tuple[Metric, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """Chronological ages and what a network says, both in years and of the same shape."""

    ages: Years
    said: Years


@dataclass(frozen=True, slots=True, eq=False)
class AgeParts:
    """Answers for the parts of a cohort, none of them trained on.

    Attributes
    ----------
    repeats : two scans of each of some people, shape (people, 2); of nobody in most cohorts
    """

    fitting: Answers
    calibration: Answers
    test: Answers
    repeats: Answers


def evaluate_age(parts: AgeParts, data: DataOrigin) -> AgeResult:
    """Fit the bias line and, on cases it did not see, the intervals; measure on the test part.

    Parameters
    ----------
    data : what the parts are of, which the intervals and every figure state
    """
    fitting, calibration, test = parts.fitting, parts.calibration, parts.test
    bias = fit_bias(fitting.ages, fitting.said)
    corrected = correct_bias(calibration.said, bias)
    intervals = fit_intervals(calibration.ages, corrected, data)
    truth, raw = test.ages, test.said
    corrected = correct_bias(raw, bias)
    constant = np.full_like(truth, fitting.ages.mean())
    figures = (
        *_figures("uncorrected", truth, raw),
        *_figures("bias-corrected", truth, corrected),
        *_figures("mean age of the cohort instead of a network", truth, constant),
        *_coverage(intervals, truth, corrected - truth),
        *_detectable_change(parts.repeats, bias),
    )
    return AgeResult(bias, intervals, tuple(figure.metric(data) for figure in figures))


@dataclass(frozen=True, slots=True)
class _Figure:
    """A metric of a card that does not say yet of which data it is."""

    name: str
    value: float
    unit: str
    n: int

    def metric(self, data: DataOrigin) -> Metric:
        """Return the metric."""
        value = round(self.value, 3)
        return Metric(name=self.name, value=value, unit=self.unit, n=self.n, data=data)


def _figures(how: str, truth: Years, predicted: Years) -> tuple[_Figure, ...]:
    # The report finds its band among these names: spine.inference.cards.CORRECTED_AGE_ERROR.
    values = (
        ("MAE", metrics.mean_absolute_error(truth, predicted), "years"),
        ("WMAE", metrics.weighted_mean_absolute_error(truth, predicted), "years"),
        ("R2", metrics.r_squared(truth, predicted), "1"),
    )
    return tuple(_Figure(f"{name}, {how}", value, unit, len(truth)) for name, value, unit in values)


def _coverage(intervals: AgeIntervals | None, truth: Years, gaps: Years) -> tuple[_Figure, ...]:
    """Measure on unseen cases how many lie within the interval; nothing where there is none."""
    pairs = [(interval_at(intervals, age, gap), gap) for age, gap in zip(truth, gaps, strict=True)]
    within = [abs(gap) <= found.half_width_years for found, gap in pairs if found is not None]
    if intervals is None or not within:
        return ()
    name = f"coverage of the {intervals.coverage_percent} % interval"
    return (_Figure(name, float(np.mean(within)), "1", len(within)),)


def _detectable_change(repeats: Answers, bias: BiasLine) -> tuple[_Figure, ...]:
    """Measure how far the gaps of two scans differ by error alone; nothing for a few people."""
    people = len(repeats.ages)
    if people < LEAST_PEOPLE:
        return ()
    value = minimal_detectable_change(correct_bias(repeats.said, bias) - repeats.ages)
    return (_Figure(DETECTABLE_CHANGE, value, "years", people),)
