import numpy as np
import pandas as pd
import pytest

from research.estimators.faults import ReportsError
from research.estimators.splits import (
    Part,
    count_parts,
    read_splits,
    split,
    tabulate_parts,
    write_splits,
)


@pytest.fixture
def flags():
    """1,000 people, a tenth scanned twice, a third of the series abnormal."""
    rng = np.random.default_rng(0)
    person = np.concatenate([np.arange(1000), np.arange(100)])
    return pd.DataFrame(
        {
            "series": [f"s{n}" for n in range(1100)],
            "patient": [f"p{n}" for n in person],
            "sex": np.where(person % 2, "M", "F"),
            "bracket": 30 + 10 * (person % 6),
            "normal": rng.uniform(size=1100) > 1 / 3,
        }
    )


def test_people_with_an_abnormal_series_are_in_the_full_test_set_with_all_series(flags):
    splits = split(flags, seed=0)

    people = splits.groupby("patient")
    assert (people["part"].nunique() == 1).all()
    mixed = people["normal"].transform("nunique") == 2
    assert mixed.sum() > 20
    assert splits.loc[mixed, "full_test"].all()
    assert set(splits.loc[~splits["normal"], "part"]) == {Part.ABNORMAL}
    assert splits.loc[splits["part"].isin(["training", "validation"]), "normal"].all()
    assert not splits.loc[splits["part"].isin(["training", "validation"]), "full_test"].any()
    assert splits.loc[splits["part"] == "test", "full_test"].all()


def test_parts_have_the_papers_shares_of_people_overall_and_by_sex_and_bracket(flags):
    splits = split(flags, seed=0)

    people = splits[splits["part"] != Part.ABNORMAL].drop_duplicates("patient")
    shares = people["part"].value_counts(normalize=True)
    assert shares["training"] == pytest.approx(0.800, abs=0.003)
    assert shares["validation"] == pytest.approx(0.099, abs=0.003)
    for _, stratum in people.groupby(["sex", "bracket"]):
        counts = stratum["part"].value_counts()
        assert abs(counts["training"] - 0.8002 * len(stratum)) < 2
        assert abs(counts["test"] - 0.1007 * len(stratum)) < 2


def test_the_papers_number_of_normal_people_gives_the_papers_parts():
    people = pd.DataFrame({"series": range(10_611), "sex": "M", "bracket": 50, "normal": True})
    people["patient"] = people["series"].astype(str)

    sizes = count_parts(split(people, seed=3))

    assert (sizes.training, sizes.validation, sizes.test) == (8491, 1051, 1069)
    assert sizes.full_test == 1069


def test_the_seed_decides_who_and_not_how_many(flags):
    first, again, other = split(flags, 0), split(flags, 0), split(flags, 1)

    pd.testing.assert_frame_equal(first, again)
    assert (first["part"] != other["part"]).any()
    assert (first["full_test"].mean() - other["full_test"].mean()) < 0.02


def test_written_splits_are_read_and_figure_2_counts_them(flags, tmp_path):
    splits = split(flags, seed=0)

    write_splits(splits, tmp_path / "splits.csv")

    pd.testing.assert_frame_equal(read_splits(tmp_path / "splits.csv"), splits, check_dtype=False)
    counts = tabulate_parts(splits)
    assert counts[[part.value for part in Part]].to_numpy().sum() == 1100


def test_a_person_in_two_parts_is_refused(flags, tmp_path):
    splits = split(flags, seed=0)
    splits.loc[0, "part"] = "validation" if splits.loc[0, "part"] == "test" else "test"
    write_splits(splits, tmp_path / "splits.csv")

    with pytest.raises(ReportsError, match="two parts"):
        read_splits(tmp_path / "splits.csv")


def test_a_series_that_stands_twice_is_refused(flags, tmp_path):
    """A join on it would multiply its rows."""
    splits = split(flags, seed=0)
    write_splits(pd.concat([splits, splits.iloc[[7]]]), tmp_path / "splits.csv")

    with pytest.raises(ReportsError, match="a series stands twice"):
        read_splits(tmp_path / "splits.csv")
