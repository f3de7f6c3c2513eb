import math

import numpy as np
import pytest

from research.estimators.odds import (
    Cells,
    Tails,
    adjusted_odds_ratio,
    count_cells,
    crude_odds_ratio,
    fit_odds,
)
from tests.research.estimators.typed import reports


def test_crude_odds_ratio_by_hand():
    found = crude_odds_ratio(Cells(40, 60, 20, 80))

    # ln(8/3) = 0.980829; sqrt(1/40 + 1/60 + 1/20 + 1/80) = 0.322749; half 0.632577.
    assert found.value == pytest.approx(8 / 3)
    assert found.low == pytest.approx(math.exp(0.980829 - 0.632577), rel=1e-4)
    assert found.high == pytest.approx(math.exp(0.980829 + 0.632577), rel=1e-4)


def test_an_empty_cell_adds_half_a_person_to_all():
    assert crude_odds_ratio(Cells(4, 96, 0, 100)).value == pytest.approx(4.5 * 100.5 / 96.5 / 0.5)


@pytest.mark.parametrize("cells", [(0, 9, 0, 9), (9, 0, 9, 0), (0, 0, 3, 4), (3, 4, 0, 0)])
def test_nothing_is_said_of_a_condition_nobody_or_everybody_has(cells):
    assert math.isnan(crude_odds_ratio(Cells(*cells)).value)


def test_cells_are_counted_the_right_way_round():
    condition = np.array([1, 1, 1, 0, 0, 1], dtype=bool)
    older = np.array([1, 1, 0, 1, 0, 1], dtype=bool)

    assert count_cells(condition, older) == Cells(3, 1, 1, 1)


def planted_tails(seed, rows=6000):
    """Old people are in the older tail more often, and have the condition more often."""
    rng = np.random.default_rng(seed)
    age = rng.uniform(25, 85, size=rows)
    men = rng.random(rows) < 0.5
    older = rng.random(rows) < 1 / (1 + np.exp(-(age - 55) / 10))
    logit = -2 + math.log(3) * older + 0.06 * (age - 55) + 0.5 * men
    return rng.random(rows) < 1 / (1 + np.exp(-logit)), Tails(older, men, age, np.arange(rows))


def test_adjusted_odds_ratio_recovers_what_age_would_hide():
    condition, tails = planted_tails(1)

    found = adjusted_odds_ratio(condition, tails)

    assert found.low <= 3 <= found.high < 4
    assert not found.firth
    assert crude_odds_ratio(count_cells(condition, tails.older)).low > 4


def test_a_sparse_condition_takes_firth():
    condition, tails = planted_tails(2, rows=300)
    rare = condition & (np.cumsum(condition & ~tails.older) <= 2)

    found = adjusted_odds_ratio(rare, tails)

    assert found.firth
    assert 0 < found.low < found.value < found.high < math.inf


def test_a_condition_that_only_one_sex_has_takes_firth():
    condition, tails = planted_tails(4, rows=400)

    found = adjusted_odds_ratio(condition & tails.men, tails)

    assert found.firth and 1 < found.value < 20


def test_a_cohort_of_one_sex_is_adjusted_for_age_alone():
    condition, tails = planted_tails(3, rows=800)
    women = Tails(tails.older, np.zeros(800, dtype=bool), tails.age_years, tails.person)

    assert math.isfinite(adjusted_odds_ratio(condition, women).value)


def test_lines_compare_the_far_tails_and_leave_out_the_middle():
    fracture = np.repeat([1, 0, 1, 0, 1], [8, 12, 4, 16, 9])
    gap = np.repeat([6.0, 7.0, -6.0, -5.5, 0.0], [8, 12, 4, 16, 9])
    table = reports(
        49, fracture=fracture, patient=np.arange(49), sex=["M"] * 49, age_years=np.arange(30.0, 79)
    )

    lines = {line.term.name: line for line in fit_odds(table, gap)}

    assert lines["fracture"].cells == Cells(8, 12, 4, 16)
    assert lines["fracture"].crude.value == pytest.approx(8 * 16 / 12 / 4)
    assert math.isnan(lines["lumbar_disc_bulge_severe"].crude.value)
    assert "scoliosis" not in lines and "packs_per_day" not in lines
