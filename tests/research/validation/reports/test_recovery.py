import json

import numpy as np
import pandas as pd
import pytest

from research.estimators.normal_cohort import NormalCohort
from research.validation.reports import recovery
from research.validation.reports.recovery import RecoveryPlan, balanced_accuracy, compare, validate
from research.worlds.reports.settings import World


def test_balanced_accuracy_by_hand():
    planted = np.array([True] * 4 + [False] * 6)
    normal = np.array([True, True, True, False, True, False, False, False, False, False])

    assert balanced_accuracy(normal, planted) == pytest.approx((3 / 4 + 5 / 6) / 2)
    assert np.isnan(balanced_accuracy(normal, np.ones(10, dtype=bool)))


def test_flags_meet_their_truth_by_series_and_not_by_place():
    flags = pd.DataFrame(
        {"series": ["a", "b", "c", "d"], "bracket": 30, "normal": [True, True, False, True]}
    )
    truth = pd.DataFrame(
        {
            "series": ["d", "x", "c", "b", "a"],
            "planted_class": ["abnormal", "normal", "abnormal", "normal", "normal"],
        }
    )

    (row,) = compare(NormalCohort(flags, {}, {}), truth)

    assert row["balanced_accuracy"] == pytest.approx(0.75)
    assert row["abnormal_share"] == 0.25
    assert row["planted_abnormal_share"] == 0.5
    assert row["false_exclusion"] == 0.0


def test_seeds_on_disk_are_not_made_again(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    row = {"bracket": 30, "balanced_accuracy": 0.9, "abnormal_share": 0.4, "seconds": 60.0}
    row |= {"processes": 2, "cpu_seconds": 90.0}
    row |= {"planted_abnormal_share": 0.43, "false_exclusion": 0.1}
    made = []

    def _one(seed, plan, progress):
        made.append(seed)
        return [{"seed": seed, **row, "balanced_accuracy": 0.7 + seed / 10}]

    monkeypatch.setattr(recovery, "_one", _one)
    plan = RecoveryPlan(World.PAPERS, 2, 18_070, 1)
    validate(tmp_path / "r", plan)

    figures = {
        m.name: m for m in validate(tmp_path / "r", RecoveryPlan(World.PAPERS, 3, 18_070, 1))
    }

    assert made == [0, 1, 2]
    score = figures["papers, 30-year bracket: balanced accuracy, median"]
    assert (score.value, score.n, score.target) == (pytest.approx(0.8), 3, 0.8)
    assert figures["papers: seconds to decide 18070 series, two processes"].met
    assert json.loads((tmp_path / "build" / "validate-cohort.json").read_text())["results"]
