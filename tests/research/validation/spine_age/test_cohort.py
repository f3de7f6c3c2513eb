import numpy as np
import pandas as pd

from research.estimators.splits import read_splits, split, write_splits
from research.validation.spine_age.cohort import as_cohort, clustering, divide, planted_flags
from research.validation.spine_age.cohort import take_parts as take
from research.validation.spine_age.stages import Stages
from tests.research.estimators.typed import reports

ROWS = 200


def cohort():
    """People of one bracket; every fifth is abnormal, the last has two series."""
    table = reports(
        ROWS,
        series=[f"s{n}" for n in range(ROWS)],
        patient=[f"p{min(n, ROWS - 2)}" for n in range(ROWS)],
        sex=["M", "F"] * (ROWS // 2),
        age_years=np.full(ROWS, 50.0),
    )
    return table, planted_flags(table, pd.Series(np.arange(ROWS) % 5 > 0))


def test_a_person_with_an_abnormal_series_is_in_the_full_test_set_with_all():
    table, flags = cohort()
    flags.loc[ROWS - 1, "normal"] = False

    divided = divide(table, flags, 0)

    assert divided.loc[ROWS - 2, "normal"]
    assert divided["part"].iloc[-2:].tolist() == ["abnormal", "abnormal"]
    assert (divided.loc[~divided["normal"], "full_test"]).all()


def test_saved_parts_are_taken_and_series_they_do_not_name_are_left_out(tmp_path):
    table, flags = cohort()
    saved = split(flags, seed=9).iloc[:-7]
    write_splits(saved, tmp_path / "saved.csv")
    flags["normal"] = True

    taken = take(table, flags, read_splits(tmp_path / "saved.csv"))

    assert len(taken) == ROWS - 7
    assert taken["part"].tolist() == saved["part"].tolist()
    assert taken["normal"].tolist() == saved["normal"].tolist()


def test_series_of_undecided_brackets_leave_the_table():
    table, flags = cohort()

    assert len(divide(table, flags.iloc[10:], 0)) == ROWS - 10


def test_clusters_of_a_table_and_seed_are_found_once(tmp_path, monkeypatch):
    table, flags = cohort()
    asked = []

    def find(table, seed, processes, progress):
        asked.append(seed)
        return as_cohort(flags)

    monkeypatch.setattr("research.validation.spine_age.cohort.find_normal", find)
    flag = clustering(Stages(tmp_path, lambda _: None), 1)

    first, again = flag(table, 3), flag(table, 3)
    flag(table, 4)

    assert asked == [3, 4]
    pd.testing.assert_frame_equal(first, again)
