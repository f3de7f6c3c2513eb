import json
import re

import pandas as pd
import pytest
from typer.testing import CliRunner

from research.cli import app
from research.measurements import read_measurements
from spine.anatomy.grades import Scale
from tests.research.estimators.discs.planted import cohort, write
from tests.research.estimators.discs.planted_real import grade, read_planted, write_planted
from tests.research.estimators.discs.test_examples import cut
from tests.research.validation.discs.planted_oracle import write_oracle

pytestmark = pytest.mark.slow

COMMAND = ["report", "disc-progression"]


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A report with everything that it may be given."""
    folder = tmp_path_factory.mktemp("report")
    studies = [cohort(scale, patients=60) for scale in Scale]
    for name in ("run", "smote"):
        (folder / name).mkdir()
        for one in studies:
            write(one, folder / name / f"predictions-{one.scale}.csv")
    (folder / "smote" / "plan.json").write_text(json.dumps({"balance": "smote"}))
    write_oracle(folder / "oracle.csv", *studies)
    cut(folder, studies[0])
    write_planted(folder / "data")
    grade(read_planted(folder / "data"), folder / "run", right=0.95)
    options = {"oracle": folder, "cohort": folder, "other": folder / "smote",
               "real-data": folder / "data", "build": folder / "build",
               "world": f"{folder / 'smote'}:{folder}", "resamples": 100}  # fmt: skip
    given = [str(part) for name, value in options.items() for part in (f"--{name}", value)]
    result = CliRunner().invoke(app, [*COMMAND, str(folder / "run"), *given])
    assert result.exit_code == 0, result.output
    return folder / "build"


def test_every_target_of_the_issue_is_a_row(written):
    rows = {row.name: row for row in read_measurements(written / "report-disc-progression.json")}

    with_target = {name: row for name, row in rows.items() if row.target is not None}
    assert len(with_target) == 3 * 4 + 3 + 3 + 2 + 2 + 4
    assert all(row.value is not None for row in with_target.values())
    skill = rows["pfirrmann: (model - baseline grade)/(oracle - baseline grade), AUC"]
    low = rows[f"{skill.name}, 95 % low"]
    assert (skill.target, low.target, skill.data) == (0.5, 0.0, "synthetic")
    assert low.value < skill.value
    far = rows["real pfirrmann, all discs, grading model: off by more than one"]
    assert (far.target, far.better, far.data, far.n) == (0.04, "lower", "real", 72)
    assert rows["bulging: accuracy, never"].n == 300


def test_the_page_shows_every_table_and_picture_that_lies_beside_it(written):
    folder = written / "report-disc-progression"
    page = (folder / "index.html").read_text()

    linked = set(re.findall(r'(?:src|href)="([^"#]+)"', page))
    beside = {path.name for path in folder.iterdir()} - {"index.html", "figures.csv"}
    assert linked == beside
    for name in ("targets.csv", "skill.csv", "pfirrmann-table-4.csv", "bulging-states.csv",
                 "one-patient.png", "comparison-balance.csv",
                 "other-worlds.csv", "worlds.csv", "real-bulging.csv"):  # fmt: skip
        assert name in linked
    assert "Synthetic data: no clinical performance claim." in page
    assert "No run was given for: published widths" in page
    assert "No finetuned runs were given." in page


def test_no_patient_is_named_in_what_is_written(written):
    folder = written / "report-disc-progression"

    for path in [*folder.glob("*.csv"), *folder.glob("*.html")]:
        assert not re.search(r"\bp\d{1,2}\b", path.read_text()), path.name


def test_figures_of_all_scales_lie_beside_the_page(written):
    figures = pd.read_csv(written / "report-disc-progression" / "figures.csv")

    assert set(figures["scale"]) == {scale.value for scale in Scale}
    assert "oracle" in set(figures["row"])
    assert {"level", "baseline grade", "sex", "age", "BMI", "institution", "risk"} < set(
        figures["grouping"]
    )


def test_what_was_not_measured_misses_its_target(tmp_path):
    write(cohort(Scale.SCHNEIDERMAN, patients=30), tmp_path / "predictions-schneiderman.csv")
    options = ["--build", str(tmp_path), "--resamples", "20"]

    result = CliRunner().invoke(app, [*COMMAND, str(tmp_path), *options])

    assert result.exit_code == 0, result.output
    rows = read_measurements(tmp_path / "report-disc-progression.json")
    missed = [row for row in rows if row.target is not None]
    assert len(missed) == 26
    met = {row.name for row in missed if row.met}
    assert met == {
        f"{scale}: population against Tables 2 and 3, largest difference" for scale in Scale
    }


def test_discs_of_real_people_are_held_against_no_world(tmp_path):
    write(cohort(Scale.SCHNEIDERMAN, patients=30), tmp_path / "predictions-schneiderman.csv")
    options = ["--build", str(tmp_path), "--resamples", "20", "--data", "real"]

    result = CliRunner().invoke(app, [*COMMAND, str(tmp_path), *options])

    assert result.exit_code == 0, result.output
    rows = read_measurements(tmp_path / "report-disc-progression.json")
    assert not [row for row in rows if "oracle" in row.name or "Tables" in row.name]
    assert {row.data for row in rows} == {"real"}
    page = (tmp_path / "report-disc-progression" / "index.html").read_text()
    assert "Synthetic data" not in page


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (None, "no predictions-pfirrmann.csv"),
        (lambda text: text.replace(",L2/L3,bulging,0,", ",L2/L3,bulging,7,", 1), "in two folds"),
    ],
)
def test_bad_input_ends_with_one_line_and_status_3(tmp_path, edit, told):
    if edit is not None:
        path = write(cohort(Scale.BULGING, patients=20), tmp_path / "predictions-bulging.csv")
        path.write_text(edit(path.read_text()))

    result = CliRunner().invoke(app, [*COMMAND, str(tmp_path), "--build", str(tmp_path)])

    assert result.exit_code == 3
    assert told in result.output
    assert len(result.output.strip().splitlines()) == 1
