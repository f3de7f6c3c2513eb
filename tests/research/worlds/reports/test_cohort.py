import json

import numpy as np
import pandas as pd
import pytest

from research.estimators.schema import read_reports
from research.worlds.reports.cohort import draw_reports, write_cohort
from research.worlds.reports.gaps import planted_effects
from research.worlds.reports.settings import World, settings_of

pytestmark = pytest.mark.slow

MILD = 1


@pytest.fixture(scope="module")
def papers():
    return draw_reports(World.PAPERS, 0)


def abnormal(cohort):
    return cohort.truth["planted_class"].to_numpy() == "abnormal"


def graded(cohort):
    names = [n for n in cohort.reports if n[0] in "CTL" and n[1].isdigit()]
    return [n for n in names if "endplate" not in n and "fissure" not in n]


def test_written_reports_are_read_without_a_fault_and_hold_no_truth(tmp_path):
    path = write_cohort(tmp_path, World.PAPERS, seed=3, series=400)

    reports = read_reports(path)

    assert reports.set_aside.empty
    assert reports.omitted == ()
    assert len(reports.table) == 400
    truth = pd.read_csv(tmp_path / "truth.csv")
    assert list(truth["series"]) == list(reports.table["series"])
    assert not set(truth.columns[1:]) & set(reports.table.columns)
    assert "synthetic" in json.loads((tmp_path / "world.json").read_text())["notice"]


def test_findings_are_about_as_frequent_as_in_tables_5_and_6(papers):
    """Numbers among 8,528 series; the planted abnormal and a tenth of the normal stand for them."""
    rng = np.random.default_rng(0)
    used = abnormal(papers) | (rng.uniform(size=18_070) < 1069 / 10_611)
    table = papers.reports[used]

    def levels(letter, condition, severity):
        names = [n for n in table if n[0] == letter and n.endswith(f"_{condition}")]
        return (table[names] == severity).sum(axis=1)

    found = {
        "spondylolisthesis": (table["spondylolisthesis"].sum(), 722),
        "scoliosis": (table["scoliosis"].sum(), 1477),
        "lumbar fissure": ((levels("L", "annular_fissure", 1) > 0).sum(), 781),
        "lumbar mild bulge over 2": ((levels("L", "disc_bulge", 1) > 2).sum(), 801),
        "lumbar mild osteophyte over 1": ((levels("L", "disc_osteophyte", 1) > 1).sum(), 630),
        "cervical mild osteophyte over 1": ((levels("C", "disc_osteophyte", 1) > 1).sum(), 1805),
        "smokers": ((table["packs_per_day"] > 0).sum(), 2302),
        "heavy work": (table["heavy_work"].sum(), 488),
    }
    for name, (count, printed) in found.items():
        assert count == pytest.approx(printed, rel=0.2), name


def test_none_of_the_severities_that_the_four_lists_differ_in_is_planted(papers):
    for condition in ("disc_osteophyte", "uncovertebral_osteophyte", "protrusion", "extrusion"):
        names = [n for n in papers.reports if n.endswith(f"_{condition}") and n[1].isdigit()]
        assert papers.reports[names].to_numpy().max() < 3


def test_normal_people_have_nothing_but_mild_and_single_findings(papers):
    normal = papers.reports[~abnormal(papers)]

    assert normal[graded(papers)].to_numpy().max() == MILD
    assert normal[["fracture", "spinal_stenosis", "spondylolisthesis"]].to_numpy().max() == 0


def test_spread_and_repeat_scans_are_as_planted(papers):
    gap = papers.truth["biological_gap_years"]
    measured = gap + papers.truth["model_error_years"]

    assert gap.std() == pytest.approx(4.1, abs=0.05)
    assert measured.std() == pytest.approx(4.8, abs=0.05)
    person = papers.reports["patient"]
    pairs = measured.groupby(person).filter(lambda g: len(g) == 2)
    between = pairs.groupby(person).mean().var() * 2
    within = pairs.groupby(person).var().mean()
    assert (between - within) / (between + within) == pytest.approx(0.73, abs=0.06)


def test_predictions_lean_towards_the_mean_age(papers):
    slope = np.polyfit(papers.reports["age_years"], papers.reports["predicted_age_years"], 1)[0]

    assert slope == pytest.approx(0.92, abs=0.02)


def test_the_findings_of_a_repeat_scan_are_the_persons_own(papers):
    table = papers.reports
    pairs = table[table["patient"].duplicated(keep=False)].sort_values(["patient", "scan_date"])
    first, second = (pairs.iloc[n::2][graded(papers)].to_numpy() for n in (0, 1))

    assert (first == second).all(axis=1).mean() > 0.7


def test_worlds_that_break_reporting_lose_mild_findings_and_only_those():
    seed, series = 1, 3000
    papers, missed, drift, clean = (
        draw_reports(world, seed, series)
        for world in (World.PAPERS, World.MISSED_FINDINGS, World.READER_DRIFT, World.NO_ABNORMALS)
    )
    names = graded(papers)
    before, after = (c.reports[names].to_numpy() for c in (papers, missed))

    assert ((after == MILD).sum() / (before == MILD).sum()) == pytest.approx(0.7, abs=0.02)
    assert (after[before > MILD] == before[before > MILD]).all()
    assert (after[before == 0] == 0).all()
    # The gap follows what is in the spine, not what is reported.
    pd.testing.assert_frame_equal(papers.truth, missed.truth)
    late = papers.reports["scan_date"].dt.year.to_numpy() >= 2023
    kept = drift.reports[names].to_numpy()
    assert (kept[late] == MILD).sum() / (before[late] == MILD).sum() > 0.94
    assert (kept[~late] == MILD).sum() / (before[~late] == MILD).sum() < 0.9
    assert set(clean.truth["planted_class"]) == {"normal"}


def test_the_null_world_differs_in_effects_alone():
    papers, null = (draw_reports(world, 2, 2000) for world in (World.PAPERS, World.NULL))

    pd.testing.assert_frame_equal(
        papers.reports.drop(columns="predicted_age_years"),
        null.reports.drop(columns="predicted_age_years"),
    )
    assert null.truth["biological_gap_years"].std() == pytest.approx(4.1, abs=0.25)
    assert not planted_effects(null.reports, settings_of(World.NULL)).any()
