import numpy as np
import pandas as pd
import pytest

from research.estimators.gap_and_age import age_interaction, gap_slope, mean_by_bracket
from tests.research.estimators.typed import exact


def planted(seed, rows=4000, noise=3.0):
    """Heavy work: +2 years at 45, none at 55, -2 at 65."""
    rng = np.random.default_rng(seed)
    age = rng.uniform(25, 85, size=rows)
    work = (rng.random(rows) < 0.2).astype(float)
    table = pd.DataFrame(
        {
            "patient": np.arange(rows),
            "sex": np.where(rng.random(rows) < 0.5, "M", "F"),
            "age_years": age,
            "heavy_work": work,
        }
    )
    gap = noise * rng.standard_normal(rows) - 0.2 * work * (age - 55) + 0.05 * (age - 55)
    return table, exact(table, gap)


def test_both_lines_and_their_crossing_are_recovered():
    found = age_interaction(*planted(1), "heavy_work")

    assert found.exposed.low < -0.15 < found.exposed.high
    assert found.others.low < 0.05 < found.others.high
    assert found.difference.low < -0.2 < found.difference.high < 0
    assert found.at_center.low < 0 < found.at_center.high
    assert found.crossing_years == pytest.approx(55, abs=2)
    assert found.difference.value == pytest.approx(found.exposed.value - found.others.value)


def test_unknown_answers_are_left_out():
    table, gap = planted(2, rows=200)
    table.loc[:49, "heavy_work"] = np.nan

    found = age_interaction(table, gap, "heavy_work")

    assert found.rows == 150
    assert found.exposed_rows == (table["heavy_work"] == 1).sum()
    assert mean_by_bracket(table, gap, "heavy_work")["count"].sum() == 150


def test_nobody_exposed_is_an_error():
    table, gap = planted(3, rows=100)

    with pytest.raises(np.linalg.LinAlgError):
        age_interaction(table.assign(heavy_work=0.0), gap, "heavy_work")


def test_slope_of_a_gap_without_noise_is_exact():
    table, _ = planted(4, rows=50)

    found = gap_slope(table, exact(table, 3.0 - 0.1 * table["age_years"].to_numpy()))

    assert (found.value, found.low, found.high) == pytest.approx((-0.1, -0.1, -0.1))


def test_means_by_bracket_by_hand():
    table = pd.DataFrame({"age_years": [34.9, 35.0, 36.0, 84.0], "heavy_work": [1, 0, 0, 1]})

    found = mean_by_bracket(table, exact(table, np.array([1.0, 2.0, 4.0, 5.0])), "heavy_work")

    assert found["bracket"].tolist() == [30, 40, 80]
    assert found["mean"].tolist() == [1, 3, 5]
    assert found["sem"][1] == pytest.approx(1)
