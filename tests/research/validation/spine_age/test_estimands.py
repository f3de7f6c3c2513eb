import numpy as np
import pandas as pd
import pytest

from research.estimators.terms import terms
from research.validation.spine_age.estimands import project, project_interaction

ROWS = 4000
SLOPE, INTERCEPT = 0.9, 4.0


def population(gap, **columns):
    """Everybody without anything; the network shrinks ages."""
    rng = np.random.default_rng(1)
    age = rng.uniform(25, 85, size=ROWS)
    table = {term.name: np.zeros(ROWS) for term in terms()}
    # Every design must be of full rank.
    table |= {name: (rng.random(ROWS) < 0.3).astype(float) for name in table}
    table |= {"men": rng.integers(0, 2, ROWS), "age_years": age} | columns
    table["predicted_age_years"] = INTERCEPT + SLOPE * (age + gap(pd.DataFrame(table)))
    return pd.DataFrame(table)


def test_effects_pass_through_the_bias_correction_of_normal_people():
    # The abnormal are older by ten years all alike: the line must not see them.
    abnormal = (np.arange(ROWS) % 2).astype(float)
    table = population(lambda t: 3.0 * t["fracture"] * abnormal + 10 * abnormal)

    found = project(table, abnormal, 0.0)

    assert found.line.slope == pytest.approx(SLOPE) and found.line.intercept_years == pytest.approx(
        INTERCEPT
    )
    assert found.effects["fracture"] == pytest.approx(3.0)
    assert found.effects["scoliosis"] == pytest.approx(0.0, abs=1e-9)


def test_people_count_by_their_chance_to_be_in_the_full_test_set():
    fracture = np.tile([0.0, 1.0], ROWS // 2)
    abnormal = np.repeat([0.0, 1.0], ROWS // 2)
    others = {t.name: np.zeros(ROWS) for t in terms() if t.model == "structural"}
    rng = np.random.default_rng(2)
    others |= {name: (rng.random(ROWS) < 0.3).astype(float) for name in others}
    # A fracture adds 4 years in the abnormal and none in the normal.
    table = population(
        lambda t: 4.0 * t["fracture"] * abnormal, **(others | {"fracture": fracture})
    )

    all_in = project(table, abnormal, 1.0).effects["fracture"]
    tenth = project(table, abnormal, 0.1).effects["fracture"]

    assert all_in == pytest.approx(2.0, abs=0.1)
    assert tenth == pytest.approx(4 / 1.1, abs=0.1)


def test_odds_by_hand():
    fracture = np.tile([1.0, 0, 0, 1, 0], ROWS // 5)
    gap = np.tile([8.0, 8, -8, -8, -8], ROWS // 5)
    table = population(lambda _: gap, fracture=fracture)
    # The line is fitted on a single normal gap, so that it stays the planted one.
    table.loc[:9, "predicted_age_years"] = INTERCEPT + SLOPE * table.loc[:9, "age_years"]
    abnormal = (np.arange(ROWS) >= 10).astype(float)

    assert project(table, abnormal, 0.0).odds["fracture"] == pytest.approx(2.0)


def test_the_lines_of_demanding_work_are_recovered():
    work = np.tile([1.0, 0, 0, 0], ROWS // 4)
    zero = np.zeros(ROWS)
    table = population(
        lambda t: work * (1.0 - 0.06 * (t["age_years"] - 55)), heavy_work=work, moderate_work=zero
    )
    abnormal = work

    found = project_interaction(table, abnormal, 1.0)

    assert found["difference"] == pytest.approx(-0.06, abs=1e-6)
    assert found["at_center"] == pytest.approx(1.0, abs=1e-6)
    assert found["others"] == pytest.approx(0.0, abs=1e-6)
