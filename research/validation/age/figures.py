"""Accuracy of spine ages with and without bias correction, and what is left of age in the gap."""

import math
from collections.abc import Sequence

from research.measurements import Data, Measurement
from research.training.metrics import (
    mean_absolute_error,
    r_squared,
    weighted_mean_absolute_error,
)
from research.validation.age.cases import (
    AgeCase,
    ages,
    by_bracket,
    by_scanner,
    by_sex,
    predictions,
)
from research.validation.age.lines import fit_line
from spine.age.interval import interval_at
from spine.inference.models import AgeIntervals, BiasLine

ALL = "all"


def bias_line(cases: Sequence[AgeCase], data: Data) -> list[Measurement]:
    """Return slope and intercept of predicted on chronological age, with their intervals.

    Parameters
    ----------
    cases : normal, as the bias line is fitted on
    """
    line = fit_line(ages(cases), predictions(cases))
    values = (
        ("slope", "years/year", line.slope, *line.slope_interval),
        ("intercept", "years", line.intercept, *line.intercept_interval),
    )
    return [
        Measurement(f"bias line: {name}{end}", value, unit, data, line.cases)
        for name, unit, *ends in values
        for end, value in zip(("", ", 95 % low", ", 95 % high"), ends, strict=True)
    ]


def accuracy(cases: Sequence[AgeCase], line: BiasLine, data: Data) -> list[Measurement]:
    """Return MAE, R2 and WMAE with and without correction, of all and of each sex.

    Source
    ------
    P1, equations 4 to 6 and Table 3.
    """
    groups = [(ALL, list(cases)), *by_sex(cases)]
    return [
        row
        for group, members in groups
        for how, used in (("uncorrected", None), ("bias-corrected", line))
        for row in _accuracy(group, how, members, used, data)
    ]


def accuracy_by_bracket(cases: Sequence[AgeCase], line: BiasLine, data: Data) -> list[Measurement]:
    """Return the MAE of each sex in each age bracket (P1, Figure 4); empty ones have no value.

    R2 means little within ten years, and WMAE is the MAE there.
    """
    rows = []
    for sex, members in [(ALL, list(cases)), *by_sex(cases)]:
        for bracket, inside in by_bracket(members):
            for how, used in (("uncorrected", None), ("bias-corrected", line)):
                error = (
                    mean_absolute_error(ages(inside), predictions(inside, used)) if inside else None
                )
                name = f"{sex}, {bracket} years: MAE, {how}"
                rows.append(Measurement(name, error, "years", data, len(inside)))
    return rows


def gap_slopes(cases: Sequence[AgeCase], line: BiasLine, data: Data) -> list[Measurement]:
    """Return the slope of the gap on age, of all, each sex and each scanner, with its interval.

    A gap that still depends on age would make of every condition that comes with age a cause.
    """
    groups = [
        (ALL, list(cases)),
        *by_sex(cases),
        *((f"scanner {name}", members) for name, members in by_scanner(cases)),
    ]
    return [row for group, members in groups for row in _slope(group, members, line, data)]


def interval_coverage(
    cases: Sequence[AgeCase], line: BiasLine, intervals: AgeIntervals, data: Data
) -> list[Measurement]:
    """Return the share of cases within their interval, of all and by age bracket.

    Parameters
    ----------
    cases : normal, and not those that the intervals were calibrated on
    """
    rows = []
    for group, members in [(ALL, list(cases)), *by_bracket(cases)]:
        found = [
            (case.gap_years(line), interval_at(intervals, case.age_years, case.gap_years(line)))
            for case in members
        ]
        within = [abs(gap) <= item.half_width_years for gap, item in found if item is not None]
        share = sum(within) / len(within) if within else None
        name = f"{group}: coverage of the {intervals.coverage_percent} % interval"
        rows.append(Measurement(name, share, "1", data, len(within)))
    return rows


def _accuracy(
    group: str, how: str, cases: Sequence[AgeCase], line: BiasLine | None, data: Data
) -> list[Measurement]:
    truth, predicted = ages(cases), predictions(cases, line)
    values = (
        ("MAE", mean_absolute_error(truth, predicted), "years"),
        ("R2", r_squared(truth, predicted) if len(set(truth)) > 1 else None, "1"),
        ("WMAE", weighted_mean_absolute_error(truth, predicted), "years"),
    )
    return [
        Measurement(f"{group}: {name}, {how}", value, unit, data, len(cases))
        for name, value, unit in values
    ]


def _slope(group: str, cases: Sequence[AgeCase], line: BiasLine, data: Data) -> list[Measurement]:
    names = ("", ", 95 % low", ", 95 % high")
    values: Sequence[float | None]
    try:
        found = fit_line(ages(cases), predictions(cases, line) - ages(cases))
    except ValueError:
        # Too few cases on this scanner: a row that says so.
        values = (None, None, None)
    else:
        values = (found.slope, *found.slope_interval)
    return [
        Measurement(
            f"{group}: slope of the gap on age{name}", value, "years/year", data, len(cases)
        )
        for name, value in zip(names, values, strict=True)
        if value is None or math.isfinite(value)
    ]
