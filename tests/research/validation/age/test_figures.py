import numpy as np
import pytest

from research.measurements import Data
from research.validation.age.figures import (
    accuracy,
    accuracy_by_bracket,
    bias_line,
    gap_slopes,
    interval_coverage,
)
from spine.age.interval import fit_intervals
from spine.inference.models import BiasLine
from tests.research.validation.age.planted import LINE, case, cohort


def values(rows):
    assert len({row.name for row in rows}) == len(rows)
    return {row.name: row.value for row in rows}


def test_accuracy_by_hand_before_and_after_correction():
    """Gaps of +2, -4, +6 years at 30, 50 and 52 years; two of them women."""
    cases = [case("a", 30.0, 2.0), case("b", 50.0, -4.0), case("c", 52.0, 6.0, sex="M")]

    found = values(accuracy(cases, LINE, Data.SYNTHETIC))

    assert found["all: MAE, bias-corrected"] == pytest.approx(4.0)
    # Brackets 25-34 (2) and 45-54 (mean of 4 and 6).
    assert found["all: WMAE, bias-corrected"] == pytest.approx(3.5)
    # Ages around their mean of 44: 196 + 36 + 64; errors 4 + 16 + 36.
    assert found["all: R2, bias-corrected"] == pytest.approx(1 - 56 / 296)
    assert found["F: MAE, bias-corrected"] == pytest.approx(3.0)
    # The network said 35.6, 46.8 and 56.4.
    assert found["all: MAE, uncorrected"] == pytest.approx((5.6 + 3.2 + 4.4) / 3)
    # One man has no R2.
    assert found["M: R2, bias-corrected"] is None


def test_brackets_hold_their_completed_years_and_empty_ones_no_value():
    cases = [case("a", 34.9, 2.0), case("b", 35.0, -4.0), case("c", 44.0, 6.0, sex="M")]

    rows = accuracy_by_bracket(cases, LINE, Data.SYNTHETIC)
    found = values(rows)

    assert found["all, 25-34 years: MAE, bias-corrected"] == pytest.approx(2.0)
    assert found["all, 35-44 years: MAE, bias-corrected"] == pytest.approx(5.0)
    assert found["F, 35-44 years: MAE, bias-corrected"] == pytest.approx(4.0)
    assert found["M, 25-34 years: MAE, bias-corrected"] is None
    assert found["all, 75-84 years: MAE, uncorrected"] is None
    # All and two sexes, six brackets, two ways.
    assert len(rows) == 36


def test_planted_slope_of_one_scanner_is_found_there_alone():
    found = values(gap_slopes(cohort(3, cases=1_000, gap_slope=0.1), LINE, Data.SYNTHETIC))

    assert found["scanner B: slope of the gap on age"] == pytest.approx(0.1, abs=0.02)
    assert found["scanner B: slope of the gap on age, 95 % low"] > 0
    assert found["scanner A: slope of the gap on age, 95 % low"] < 0
    assert found["scanner A: slope of the gap on age, 95 % high"] > 0
    assert found["all: slope of the gap on age"] == pytest.approx(0.05, abs=0.02)
    assert {"F: slope of the gap on age", "M: slope of the gap on age"} <= set(found)


def test_a_scanner_of_two_cases_has_a_row_without_value():
    cases = [
        *cohort(4, cases=20),
        case("x", 40.0, 1.0, scanner="Z"),
        case("y", 50.0, 2.0, "M", "Z"),
    ]

    found = values(gap_slopes(cases, LINE, Data.SYNTHETIC))

    assert found["scanner Z: slope of the gap on age"] is None


def test_uncorrected_ages_leave_a_slope_that_correction_takes_away():
    cases = cohort(5, cases=1_000)
    uncorrected = values(gap_slopes(cases, BiasLine(1.0, 0.0, 1), Data.SYNTHETIC))
    corrected = values(gap_slopes(cases, LINE, Data.SYNTHETIC))

    assert uncorrected["all: slope of the gap on age"] == pytest.approx(-0.2, abs=0.02)
    assert corrected["all: slope of the gap on age"] == pytest.approx(0.0, abs=0.02)


def test_bias_line_is_given_with_its_intervals():
    rows = bias_line(cohort(6), Data.SYNTHETIC)
    found = values(rows)

    assert found["bias line: slope, 95 % low"] < 0.8 < found["bias line: slope, 95 % high"]
    assert found["bias line: intercept, 95 % low"] < 10 < found["bias line: intercept, 95 % high"]
    assert {row.n for row in rows} == {400}


def test_coverage_is_that_of_each_bracket_and_of_all():
    age = np.repeat([30.0, 60.0], 100)
    # Half widths of 2 and 5 years.
    gaps = np.repeat([2.0, 5.0], 100)
    intervals = fit_intervals(age, age + gaps, "synthetic")
    cases = [
        case("a", 30.0, 1.9),
        case("b", 30.0, -2.1),
        case("c", 60.0, -4.9),
        case("d", 60.0, 4.0),
    ]

    found = values(interval_coverage(cases, LINE, intervals, Data.SYNTHETIC))

    assert found["all: coverage of the 90 % interval"] == 0.75
    assert found["25-34: coverage of the 90 % interval"] == 0.5
    assert found["55-64: coverage of the 90 % interval"] == 1.0
    assert found["75-84: coverage of the 90 % interval"] is None
