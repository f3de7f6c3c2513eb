import numpy as np
import pandas as pd
import pytest

from research.estimators.gaps import Correction
from research.measurements import Data
from research.validation.spine_age.ages import (
    accuracy_table,
    age_cases,
    network_table,
    repeat_pairs,
    repeats_table,
    slopes_table,
)
from spine.inference.models import BiasLine

LINE = Correction(BiasLine(0.5, 20.0, 9))


def series(age, said, **columns):
    rows = len(age)
    table = {
        "series": [f"s{n}" for n in range(rows)],
        "patient": np.arange(rows),
        "sex": ["M", "F"] * (rows // 2),
        "scanner": ["a"] * rows,
        "scan_date": pd.Timestamp("2020-01-01"),
        "age_years": np.asarray(age, dtype=float),
        "predicted_age_years": np.asarray(said, dtype=float),
    }
    return pd.DataFrame(table | columns)


def test_the_network_has_the_papers_parameters():
    table = network_table()

    assert table["parameters"].iloc[-1] == 2_950_401
    assert table["shape"].iloc[0] == "32x1x3x3x3" and table["parameters"].iloc[0] == 896


def test_accuracy_by_hand_before_and_after_correction():
    # 40 and 60 are said to be 41 and 49: corrected 42 and 58.
    line = accuracy_table(series([40, 60], [41, 49]), LINE).iloc[0]

    assert line["MAE"] == pytest.approx(6) and line["MAE, corrected"] == pytest.approx(2)
    assert line["R2"] == pytest.approx(1 - (1 + 121) / 200)
    assert line["R2, corrected"] == pytest.approx(1 - 8 / 200)


def test_scans_of_one_person_are_paired_in_order_of_date():
    dates = pd.to_datetime(["2021-01-01", "2020-01-01", "2020-06-01", "2022-01-01"])
    table = series([41, 40, 50, 42], [40.5, 40, 45, 41], scan_date=dates, patient=[1, 1, 2, 1])

    pairs = repeat_pairs(table, LINE)

    assert [pair.gaps_years for pair in pairs] == [(0.0, 0.0), (0.0, 0.0)]
    assert [round(pair.years_between) for pair in pairs] == [1, 1]


def test_repeats_stand_beside_the_printed():
    rng = np.random.default_rng(1)
    age = np.repeat(rng.uniform(30, 80, size=40), 2)
    gap = np.repeat(4 * rng.standard_normal(40), 2) + rng.standard_normal(80)
    table = series(age, 20 + 0.5 * (age + gap), patient=np.repeat(np.arange(40), 2))
    table["sex"] = "M"

    found = repeats_table(repeat_pairs(table, LINE), Data.SYNTHETIC).set_index(["group", "number"])

    assert found.loc[("all", "ICC(1,1) of the gap"), "P1"] == 0.73
    assert found.loc[("men", "ICC(1,1) of the gap"), "value"] > 0.8
    assert found.loc[("women", "ICC(1,1) of the gap"), "pairs"] == 0


def test_a_scanner_of_one_person_has_no_slope_and_stays_in_the_table():
    age = np.arange(30.0, 70)
    table = series(age, 20 + 0.5 * (1.1 * age), scanner=["a"] * 39 + ["b"])

    found = slopes_table(table, LINE).set_index("group")

    assert found.loc["all", "slope"] == pytest.approx(0.1)
    assert np.isnan(found.loc["scanner b", "slope"]) and found.loc["scanner b", "n"] == 1
    assert len(age_cases(table)) == 40
