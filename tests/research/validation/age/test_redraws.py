import numpy as np
import pytest

from research.measurements import Data
from research.validation.age.card import beside_card
from research.validation.age.cases import ages, predictions
from research.validation.age.recovery import bias_recovery
from research.validation.age.redraws import coverage_over_redraws, pooled_coverage
from spine.age.interval import fit_intervals
from spine.errors import Code, Refusal
from spine.inference.models import AgeIntervals, BiasLine, BracketErrors
from tests.research.validation.age.planted import LINE, cohort
from tests.spine.age.planted import model


def intervals_of(cases, minimum=100):
    return fit_intervals(ages(cases), predictions(cases, LINE), "synthetic", minimum)


def test_drawn_intervals_cover_what_they_promise_in_each_bracket():
    calibration, test = cohort(1, cases=700), cohort(2, cases=300)

    rows = coverage_over_redraws(
        [*calibration, *test],
        LINE,
        intervals_of(calibration),
        Data.SYNTHETIC,
        np.random.default_rng(0),
    )

    assert len(rows) == 2 * len(intervals_of(calibration).brackets) > 6
    for least, most in zip(rows[::2], rows[1::2], strict=True):
        assert least.value == most.value
        assert least.met and most.met
        assert (least.target, most.target) == (0.895, 0.92)


def test_a_bracket_without_cases_to_spare_misses_both_targets():
    calibration = cohort(1, cases=300)

    rows = coverage_over_redraws(
        calibration, LINE, intervals_of(calibration), Data.SYNTHETIC, np.random.default_rng(0)
    )

    assert all(row.value is None and row.met is False for row in rows)


def test_pooled_coverage_by_hand():
    """Widths of 2 years: of gaps 1, -1.5, 2.5 and 9 at 30 to 60 years, two lie within."""
    percentiles = tuple(np.linspace(-2, 2, 99))
    narrow = AgeIntervals(90, "synthetic", (BracketErrors(25, 84, 50, 2.0, percentiles),))
    from tests.research.validation.age.planted import case

    cases = [case(str(gap), 30.0 + gap, gap) for gap in (1.0, -1.5, 2.5, 9.0)]

    least, most = pooled_coverage(cases, LINE, narrow, Data.SYNTHETIC)

    assert least.value == most.value == 0.5
    assert (least.met, most.met) == (False, True)
    assert least.n == 4


def test_a_planted_line_is_recovered_exactly_and_its_intervals_cover():
    rows = {row.name: row for row in bias_recovery(np.random.default_rng(1), runs=150)}

    exact = [row for name, row in rows.items() if "noiseless" in name]
    assert len(exact) == 3
    assert all(row.met and row.target == 1e-9 for row in exact)
    covering = [row for name, row in rows.items() if "intervals that hold" in name]
    assert len(covering) == 4
    # 150 runs: three standard errors of 1.8 % around 95 %.
    assert all(0.9 < row.value <= 1.0 for row in covering)
    assert {row.target for row in covering} == {0.93, 0.97}


def test_a_card_of_the_same_answers_differs_by_nothing():
    cases = cohort(3)
    found = intervals_of(cases)
    own = model(slope=LINE.slope, intercept=LINE.intercept_years)
    from dataclasses import replace

    same = beside_card(replace(own, intervals=found), LINE, found)
    none = beside_card(own, LINE, found)

    assert [row.value for row in same] == pytest.approx([0.0, 0.0])
    assert all(row.met for row in same)
    assert [row.met for row in none] == [True, False]


def test_a_card_of_another_network_differs():
    other = model(slope=0.8, intercept=12.0)

    line, widths = beside_card(other, BiasLine(0.8, 10.0, 300), None)

    assert line.value == pytest.approx(2.5)
    assert widths.value is None
    assert not line.met and not widths.met


def test_without_a_model_both_rows_miss():
    refusal = Refusal(Code.MODEL_MISSING, "No spine age model is installed.", "age")

    assert [row.met for row in beside_card(refusal, LINE, None)] == [False, False]
