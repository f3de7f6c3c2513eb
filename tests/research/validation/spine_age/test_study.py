import numpy as np
import pandas as pd
import pytest

from research.validation.spine_age.study import (
    accuracy_rows,
    balanced_accuracies,
    coverage_rows,
    null_rows,
    null_table,
    terms_table,
)
from tests.research.estimators.typed import reports


def held(*inside):
    rows = range(len(inside))
    return pd.DataFrame(
        {
            "term": [f"t{n}" for n in rows],
            "people": 9,
            "population": 1.0,
            "effect": [np.nan if one is None else 1.5 for one in inside],
            "inside": [np.nan if one is None else float(one) for one in inside],
        }
    )


def test_coverage_counts_coefficients_and_leaves_out_the_omitted():
    rows = coverage_rows([held(True, True, False, None)] * 20)

    assert [row.value for row in rows] == [pytest.approx(2 / 3)] * 3 + [20.0]
    assert [row.met for row in rows] == [False, True, None, None]
    assert rows[0].n == 60


def test_too_few_cohorts_miss_the_targets_and_still_show_what_was_found():
    rows = coverage_rows([held(True, True)])
    null = null_rows([pd.DataFrame({"p": [0.01, 0.2]})])

    assert rows[0].value is None and rows[0].met is False and rows[2].value == 1.0
    assert null[0].met is False and null[2].value == 0.5
    assert null_rows([])[2].value is None


def test_planted_classes_do_not_meet_a_target_of_clusters():
    rows = coverage_rows([held(True)] * 20, ", planted classes")

    assert rows[0].value is None
    assert rows[2].name.endswith("planted classes") and rows[2].value == 1.0


def test_false_positives_by_hand():
    tables = [pd.DataFrame({"p": [0.04, 0.06, np.nan, *[0.5] * 18]})] * 100

    rows = null_rows(tables)

    assert rows[0].value == pytest.approx(0.05)
    assert rows[0].met and rows[1].met


def test_balanced_accuracy_by_hand():
    flags = pd.DataFrame({"bracket": 30, "normal": [True, True, False, False, False]})
    planted = pd.Series([True, False, False, False, True])
    others = pd.DataFrame({"bracket": [40, 50, 60, 70, 80] * 2, "normal": [True] * 5 + [False] * 5})

    found = balanced_accuracies(
        pd.concat([flags, others]), pd.concat([planted, others["normal"]])
    ).set_index("bracket")

    assert found.loc[30, "balanced_accuracy"] == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert found.loc[80, "balanced_accuracy"] == 1.0
    rows = accuracy_rows([found.reset_index()] * 20)
    assert [row.met for row in rows[:2]] == [False, None] and rows[-2].met
    assert [row.value for row in accuracy_rows([])] == [None] * 12


def test_off_is_the_mean_distance_from_the_population():
    line = terms_table([held(True, None), held(False, True)]).set_index("term").loc["t0"]

    assert (line["cohorts"], line["off"], line["inside"]) == (2, 0.5, 0.5)


def test_a_cohort_where_nothing_goes_with_the_gap_gives_its_p_values():
    rng = np.random.default_rng(1)
    age = rng.uniform(25, 85, size=300)
    table = reports(
        300,
        patient=np.arange(300),
        sex=["M", "F"] * 150,
        age_years=age,
        fracture=(rng.random(300) < 0.2).astype(int),
        predicted_age_years=age + rng.standard_normal(300),
    )

    found = null_table(table, np.arange(300) < 100, np.arange(300) >= 100).set_index("term")["p"]

    assert len(found) == 54
    assert 0 < found["fracture"] < 1 and np.isnan(found["scoliosis"])
