from itertools import pairwise

import numpy as np
import pytest

from spine.age.bias import correct_bias, fit_bias
from spine.age.interval import (
    BRACKETS_START_YEARS,
    finite_sample_rank,
    fit_intervals,
    interval_at,
)

BRACKETS = list(pairwise(BRACKETS_START_YEARS))


def spread_years(age):
    """A planted world: the network errs more the older people are."""
    return 2.0 + 0.1 * (age - 25)


def predicted_years(age, rng):
    """Shrunk towards the mean, as a network's answers are."""
    return 0.8 * (age + spread_years(age) * rng.standard_normal(age.shape)) + 10


def calibration(rng, cases=1_050):
    """Bias-corrected ages of cases that the bias line did not see."""
    seen, unseen = rng.uniform(25, 85, size=(2, cases))
    line = fit_bias(seen, predicted_years(seen, rng))
    return unseen, correct_bias(predicted_years(unseen, rng), line), line


def coverages(minimum_cases, redraws=200):
    """Share of new cases within the interval, by redraw and bracket of P1."""
    rng = np.random.default_rng(7)
    age = rng.uniform(25, 85, size=30_000)
    raw = predicted_years(age, rng)
    place = np.digitize(age, BRACKETS_START_YEARS) - 1
    found = np.empty((redraws, len(BRACKETS)))
    for row in found:
        chronological, corrected, line = calibration(rng)
        intervals = fit_intervals(chronological, corrected, "synthetic", minimum_cases)
        ends = [bracket.last_years + 1 for bracket in intervals.brackets]
        widths = np.array([bracket.half_width_years for bracket in intervals.brackets])
        covered = np.abs(correct_bias(raw, line) - age) <= widths[np.digitize(age, ends)]
        row[:] = np.bincount(place, covered) / np.bincount(place)
    return found


def test_mean_coverage_is_the_promised_one_in_every_bracket_and_pooled():
    mean = coverages(minimum_cases=100).mean(axis=0)

    assert mean.min() >= 0.895
    assert mean.max() <= 0.92


def test_one_bracket_for_all_covers_right_on_average_alone():
    by_bracket = coverages(minimum_cases=1_051).mean(axis=0)

    assert 0.895 <= by_bracket.mean() <= 0.92
    # What the brackets are for: the young would be told too much, the old too little.
    assert by_bracket[0] > 0.98
    assert by_bracket[-1] < 0.82


@pytest.mark.parametrize(
    ("cases", "rank"), [(9, 9), (10, 10), (19, 18), (29, 27), (99, 90), (100, 91), (1_050, 946)]
)
def test_rank_is_that_of_a_finite_sample(cases, rank):
    assert finite_sample_rank(cases) == rank


def test_half_width_and_percentile_by_hand():
    """Gaps -10 to +9 at one age: the errors 0, 1, 1, 2, 2 ... 9, 9, 10, of which the 19th is 9."""
    gaps = np.arange(-10.0, 10.0)
    intervals = fit_intervals(np.full(20, 60.0), 60.0 + gaps, "real")

    (bracket,) = intervals.brackets
    assert (bracket.first_years, bracket.last_years, bracket.cases) == (55, 64, 20)
    assert bracket.half_width_years == 9.0
    assert intervals.coverage_percent == 90

    found = interval_at(intervals, 57.5, 4.0)
    assert (found.lower_years, found.upper_years) == (48.5, 66.5)
    # 15 of 20 have a gap of 4 or less.
    assert found.gap_percentile == 75
    assert interval_at(intervals, 57.5, 3.99).gap_percentile == 70
    assert interval_at(intervals, 57.5, -11.0).gap_percentile == 0
    assert interval_at(intervals, 57.5, 40.0).gap_percentile == 99
    assert found.data == "real"


def test_percentile_is_the_share_of_gaps_rounded_down():
    gaps = np.random.default_rng(3).normal(0, 4, size=137).round(3)
    intervals = fit_intervals(np.full(137, 40.0), 40.0 + gaps, "real")

    for gap in (-6.2, -0.4, 0.0, 1.7, 5.5):
        share = 100 * (gaps <= gap).mean()
        assert interval_at(intervals, 40.0, gap).gap_percentile == min(int(share), 99)


def ages_by_bracket(*counts):
    return np.concatenate(
        [
            np.linspace(first, end - 0.01, n)
            for (first, end), n in zip(BRACKETS, counts, strict=True)
        ]
    )


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((100,) * 6, [(25, 34, 100), (35, 44, 100), (45, 54, 100), (55, 64, 100), (65, 74, 100),
                      (75, 84, 100)]),
        ((99, 300, 300, 300, 200, 40), [(25, 44, 399), (45, 54, 300), (55, 64, 300),
                                        (65, 84, 240)]),
        # The smaller neighbor takes it.
        ((150, 20, 110, 120, 130, 140), [(25, 34, 150), (35, 54, 130), (55, 64, 120), (65, 74, 130),
                                         (75, 84, 140)]),
        ((20, 20, 20, 10, 9, 20), [(25, 84, 99)]),
        # Nobody of these ages was measured: no interval there.
        ((0, 0, 120, 0, 130, 0), [(45, 64, 120), (65, 74, 130)]),
    ],
)  # fmt: skip
def test_small_brackets_join_a_neighbor(counts, expected):
    age = ages_by_bracket(*counts)
    intervals = fit_intervals(age, age + 1.0, "synthetic")

    found = [(item.first_years, item.last_years, item.cases) for item in intervals.brackets]
    assert found == expected


def test_an_age_belongs_to_the_bracket_of_its_completed_years():
    age = ages_by_bracket(100, 100, 0, 0, 0, 0)
    intervals = fit_intervals(age, np.where(age < 35, age + 1, age + 2), "synthetic")

    assert interval_at(intervals, 34.99, 0.0).half_width_years == pytest.approx(1, abs=1e-3)
    assert interval_at(intervals, 35.0, 0.0).half_width_years == pytest.approx(2, abs=1e-3)
    assert interval_at(intervals, 45.0, 0.0) is None
    assert interval_at(intervals, 24.99, 0.0) is None
    assert interval_at(None, 50.0, 0.0) is None


def test_rounding_never_narrows_the_interval():
    intervals = fit_intervals(np.full(9, 50.0), np.full(9, 50.0 + 1.00049), "synthetic")

    assert intervals.brackets[0].half_width_years == 1.001


def test_nine_cases_are_the_fewest_that_give_an_interval():
    age = np.linspace(50, 54, 9)

    assert fit_intervals(age, age + np.arange(9), "real").brackets[0].half_width_years == 8.0
    assert fit_intervals(age[:8], age[:8] + 1, "real") is None
    assert fit_intervals(age[:0], age[:0], "real") is None


def test_an_estimate_that_is_no_number_takes_no_rank():
    age = np.full(20, 50.0)

    with pytest.raises(ValueError, match="finite"):
        fit_intervals(age, np.where(np.arange(20) == 3, np.nan, age), "real")
