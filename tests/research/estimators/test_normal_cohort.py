import numpy as np
import pandas as pd
import pytest

from research.estimators.clustering import LEAST_SERIES
from research.estimators.cohort_files import CohortPlan, write_normal_cohort
from research.estimators.faults import ReportsError
from research.estimators.normal_cohort import find_normal
from research.estimators.pairs import PairList
from research.estimators.schema import read_reports
from research.estimators.splits import read_splits
from tests.research.estimators.reports import rows

pytestmark = pytest.mark.slow

LEVELS = [f"L{n}_disc_bulge" for n in range(1, 6)]
NECK = [f"C{n}_disc_osteophyte" for n in range(3, 7)]
SINGLE = [
    "T6_disc_bulge",
    "T7_protrusion",
    "T8_desiccation",
    "T9_disc_osteophyte",
    "L5_desiccation",
    "C5_protrusion",
    "C6_desiccation",
]


def report(number, rng):
    """Two thirds are alike but for single mild findings; each other one has its own kind."""
    change = {
        "series": f"s{number}",
        "patient": f"p{number}",
        "age_years": f"{rng.uniform(75.0, 84.99):.2f}",
        "sex": "MF"[number % 2],
    }
    if number % 3:
        picked = [name for name in SINGLE if rng.uniform() < 0.35]
        usual = [*LEVELS[: rng.integers(1, 4)], *NECK[: rng.integers(1, 4)]]
        return change | dict.fromkeys([*usual, *picked], "mild")
    kinds = ["fracture", "spinal_stenosis", "spondylolisthesis", "cord_abnormality"]
    return change | {kinds[number // 3 % 4]: "1", "L4_extrusion": ("mild", "moderate")[number % 2]}


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    rng = np.random.default_rng(0)
    folder = tmp_path_factory.mktemp("reports")
    young = {"age_years": "30", "series": "young", "patient": "young"}
    written = rows(*(report(n, rng) for n in range(240)), young, {"age_years": "-1"})
    written = written.drop(columns=["packs_per_day"])
    written.to_csv(folder / "reports.csv", index=False)
    return folder / "reports.csv"


@pytest.fixture(scope="module")
def cohorts(table):
    reports = read_reports(table).table
    return {which: find_normal(reports, seed=0, which=which) for which in PairList}


def test_flags_are_the_same_under_all_four_lists(cohorts):
    """None of the four severities that the lists differ in is in the reports."""
    first, *others = (cohort.flags for cohort in cohorts.values())

    for other in others:
        pd.testing.assert_frame_equal(other, first)


def test_the_picture_that_most_share_is_normal_and_rare_kinds_are_not(cohorts):
    flags = cohorts[PairList.NO_SEVERE_EXTRUSION].flags
    planted = flags["series"].str[1:].astype(int) % 3 != 0

    assert flags.loc[planted, "normal"].mean() > 0.9
    assert flags.loc[~planted, "normal"].mean() < 0.1


def test_a_bracket_with_too_few_series_is_left_undecided_and_named(cohorts):
    cohort = cohorts[PairList.NO_SEVERE_EXTRUSION]

    assert cohort.too_small == {30: 1}
    assert set(cohort.flags["bracket"]) == {80}


def test_no_bracket_with_enough_series_is_an_error(table):
    few = read_reports(table).table.head(LEAST_SERIES - 1)

    with pytest.raises(ReportsError, match="no age bracket"):
        find_normal(few)


def test_everything_is_written_and_every_omission_told(table, tmp_path):
    told = "\n".join(write_normal_cohort(table, tmp_path, CohortPlan(processes=1)))

    assert "1 rows set aside (AGE_IMPOSSIBLE 1)" in told
    assert "packs_per_day" in told
    assert "30-year bracket: 1 series are too few" in told
    assert {path.name for path in tmp_path.iterdir()} == {
        "figure-2.csv", "figure-2.png", "figure-3-80.png", "figure-3.csv", "flags.csv",
        "merge-distances.csv", "set_aside.csv", "splits.csv", "table-1.csv",
    }  # fmt: skip
    flags = pd.read_csv(tmp_path / "flags.csv")
    splits = read_splits(tmp_path / "splits.csv")
    assert list(splits["series"]) == list(flags["series"])
    assert list(splits["normal"]) == list(flags["normal"])
    named = pd.read_csv(tmp_path / "figure-3.csv")
    assert "lumbar mild disc bulge" in named["name"].iloc[0]
    assert (pd.read_csv(tmp_path / "set_aside.csv")["row"] == 243).all()
