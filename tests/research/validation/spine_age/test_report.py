import json
import re

import numpy as np
import pandas as pd
import pytest

from research.estimators.schema import write_reports
from research.measurements import Data, Measurement, write_measurements
from research.validation.spine_age.checklists import SECTION, TITLES, checklist, places
from research.validation.spine_age.cohort import planted_flags
from research.validation.spine_age.report import Job, report_table, report_virtual
from research.validation.spine_age.stages import Stages
from research.validation.spine_age.virtual import Virtual
from research.worlds.reports.cohort import draw_reports
from research.worlds.reports.settings import World

pytestmark = pytest.mark.slow

SERIES = 700


@pytest.fixture(scope="module")
def virtual(tmp_path_factory):
    """A report of a small virtual world with a study of two cohorts, and what it said."""
    build = tmp_path_factory.mktemp("virtual")
    write_measurements("validate-age", 1.0, [Measurement("MAE", 3.0, "y", Data.REAL, 9)], build)
    told = []
    job = Job(build, seeds=2, agreement=1, nulls_a_seed=1)
    world = Virtual(World.PAPERS, Stages(job.folder / "stages", told.append), None, SERIES, 2, 1)
    report_virtual(world, job)
    return world, job, told


def rows_of(job):
    return json.loads((job.build / "report-spine-age.json").read_text())["results"]


def page_of(job):
    return (job.folder / "index.html").read_text(encoding="utf-8")


def test_every_table_and_figure_of_the_paper_is_there(virtual):
    _, job, _ = virtual
    names = {path.name for path in job.folder.iterdir()}

    tables = {f"table-{n}.csv" for n in (1, 2, 3, 4)}
    tables |= {f"table-5-{part}.csv" for part in ("lumbar", "structural", "lifestyle")}
    tables |= {"table-6-cervical.csv", "table-6-thoracic.csv"}
    pictures = {"figure-2.png", "figure-4.png", "figure-6.png", "figure-7.png", "flow.svg"}
    assert tables | pictures | {"tripod-ai.csv", "claim.csv", "splits.csv"} <= names


def test_a_virtual_world_stands_beside_its_population_and_makes_no_claim(virtual):
    _, job, _ = virtual
    lumbar = pd.read_csv(job.folder / "table-5-lumbar.csv")

    assert {"population", "P1 effect", "FDR", "effect, age held"} <= set(lumbar.columns)
    assert len(lumbar) == 14
    assert "no clinical performance claim" in page_of(job)
    assert {row["data"] for row in rows_of(job)} == {"synthetic", "none"}


def test_too_few_cohorts_are_rows_that_miss(virtual):
    _, job, _ = virtual
    rows = {row["name"]: row for row in rows_of(job)}

    assert rows["54 coefficients x 20 seeds: inside their 95 % intervals"]["value"] is None
    assert 0.6 < rows["inside, 2 seeds, planted classes"]["value"] <= 1
    assert rows["null world: false positives at 5 %, 2 seeds"]["value"] < 0.2
    assert rows["bracket 30: balanced accuracy against the planted class, 0 seeds"]["value"] is None


def test_figures_of_the_age_validation_are_shown(virtual):
    _, job, _ = virtual

    assert pd.read_csv(job.folder / "validate-age.csv")["figure"].tolist() == ["MAE"]


def test_every_section_that_a_checklist_names_is_on_the_page(virtual):
    _, job, _ = virtual
    titles = set(re.findall(r"<h2>(.*?)</h2>", page_of(job)))

    named = {p for name in TITLES for where in checklist(name)["where"] for p in places(where)}
    sections = {place.removeprefix(SECTION) for place in named if place.startswith(SECTION)}
    assert sections - titles == set()


def test_what_is_done_is_found_again(virtual):
    world, _, told = virtual
    told.clear()

    world.measured(1, pytest.fail)
    world.null(0)
    world.population()

    assert [line.rpartition(": ")[2] for line in told] == ["found"] * 3


@pytest.fixture
def site(tmp_path):
    """A site's table, and who is flagged in it as if by clusters."""
    drawn = draw_reports(World.PAPERS, 3, 400)
    normal = drawn.truth.set_index("series")["planted_class"] == "normal"

    def flagger(table, seed):
        told = pd.Series(normal.loc[table["series"]].to_numpy(), index=table.index)
        return planted_flags(table, told)

    return drawn.reports, flagger, Job(tmp_path / "build", agreement=1)


def test_a_sites_table_has_no_population_and_names_what_it_lacks(site, tmp_path):
    table, flagger, job = site
    table = table.drop(columns=["heavy_work", "scoliosis"])
    table["age_years"] = table["age_years"].where(np.arange(400) > 4, 150.0)
    write_reports(table, tmp_path / "site.csv")
    job.folder.mkdir(parents=True)
    (job.folder / "large-gaps.csv").write_text("what a reader wrote")

    report_table(tmp_path / "site.csv", flagger, job)

    page = page_of(job)
    structural = pd.read_csv(job.folder / "table-5-structural.csv")
    remark = structural.set_index("condition")["remark"]
    assert "Real data" in page and "no clinical performance claim" not in page
    assert "population" not in structural.columns
    assert remark["Scoliosis"] == "column missing"
    assert "heavy_work" in page and "5 AGE_IMPOSSIBLE" in page
    assert pd.read_csv(job.folder / "set-aside.csv")["row"].tolist() == [2, 3, 4, 5, 6]
    assert {row["data"] for row in rows_of(job)} == {"real"}
    assert (job.folder / "large-gaps.csv").read_text() == "what a reader wrote"


def test_without_predicted_ages_the_cohort_is_told_and_the_rest_named(site, tmp_path):
    table, flagger, job = site
    write_reports(table.drop(columns="predicted_age_years"), tmp_path / "site.parquet")

    report_table(tmp_path / "site.parquet", flagger, job)

    assert "no column predicted_age_years" in page_of(job)
    assert (job.folder / "table-1.csv").exists()
    assert not (job.folder / "table-3.csv").exists()
