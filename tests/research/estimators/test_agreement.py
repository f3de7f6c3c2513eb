import numpy as np
import pytest

from research.estimators.agreement import (
    bland_altman,
    correlations,
    minimal_detectable_change,
    one_way_interval,
    standard_error_of_measurement,
)

# Shrout and Fleiss 1979, Table 2: six targets, four judges.
SHROUT_FLEISS = np.array(
    [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
)
# Bland and Altman 1986, Table 1: Wright peak flow meter, twice each, l/min.
WRIGHT = np.array(
    [
        (494, 490), (395, 397), (516, 512), (434, 401), (476, 470), (557, 611), (413, 415),
        (442, 431), (650, 638), (433, 429), (417, 420), (656, 633), (267, 275), (478, 492),
        (178, 165), (423, 372), (427, 421),
    ]
)  # fmt: skip


def test_published_table_has_the_published_correlations():
    found = correlations(SHROUT_FLEISS)

    assert found.one_way == pytest.approx(0.17, abs=0.005)
    assert found.agreement == pytest.approx(0.29, abs=0.005)
    assert found.consistency == pytest.approx(0.71, abs=0.005)


def test_a_shift_between_scans_counts_for_agreement_and_not_for_consistency():
    first = np.arange(10.0)
    found = correlations(np.column_stack([first, first + 3]))

    assert found.consistency == pytest.approx(1.0)
    # Mean squares by hand: 55/3 between; of scans 45; of the rest 0.
    assert found.agreement == pytest.approx((55 / 3) / (55 / 3 + 2 * 45 / 10))
    assert found.one_way < found.agreement


def test_equal_scans_agree_wholly():
    first = np.array([1.0, 4.0, 2.0, 8.0])
    found = correlations(np.column_stack([first, first]))

    assert (found.one_way, found.agreement, found.consistency) == pytest.approx((1.0, 1.0, 1.0))


def test_published_error_of_the_peak_flow_meter():
    # sqrt of half the mean squared difference: 15.3 l/min.
    assert standard_error_of_measurement(WRIGHT) == pytest.approx(15.3, abs=0.05)
    assert minimal_detectable_change(WRIGHT) == pytest.approx(1.96 * 2**0.5 * 15.306, abs=0.01)


def test_limits_of_agreement_by_hand():
    found = bland_altman(np.array([[0.0, 1.0], [5.0, 7.0], [2.0, 5.0]]))

    assert (found.mean, found.lower, found.upper) == pytest.approx((2.0, 0.04, 3.96), abs=1e-3)


def test_interval_keeps_pairs_together_and_repeats_by_its_seed():
    rng = np.random.default_rng(1)
    person = rng.normal(0, 4.1, size=(303, 1))
    pairs = person + rng.normal(0, 2.5, size=(303, 2))
    estimate = correlations(pairs).one_way

    low, high = one_way_interval(pairs, np.random.default_rng(0))

    assert (low, high) == one_way_interval(pairs, np.random.default_rng(0))
    assert low < estimate < high
    # P1 gives 0.68 to 0.78 at 303 pairs; pairs torn apart would give an interval around 0.
    assert 0.06 < high - low < 0.15


def test_interval_is_that_of_the_tables_own_correlation():
    """The two ways to compute ICC(1,1) agree: a resample that is the table itself."""
    pairs = np.random.default_rng(2).normal(size=(3, 2))
    low, high = one_way_interval(np.repeat(pairs, 2_000, axis=0), np.random.default_rng(0), 50)

    everyone = correlations(np.repeat(pairs, 2_000, axis=0)).one_way
    assert low == pytest.approx(everyone, abs=0.05)
    assert high == pytest.approx(everyone, abs=0.05)
