"""The whole command on a planted network: the world's own answers, shrunk, with an error."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from research.cli import app
from research.measurements import read_measurements
from research.validation.age import chain
from research.validation.age.predictions import Prediction, write_predictions
from research.validation.age.validation import Inputs, validate
from research.worlds.age import Part, scans, seeds
from spine.errors import Code, Refusal
from spine.inference.models import Models

pytestmark = pytest.mark.slow

SUBJECTS = {
    Part.BIAS: 12,
    Part.CALIBRATION: 40,
    Part.TEST: 14,
    Part.OTHER_SCANNERS: 6,
    Part.OTHER_DISEASES: 2,
    Part.REPEATS: 6,
}


def answers(error_years, seed=0):
    """Nine tenths of the biological age, so that the bias line is known."""
    rng = np.random.default_rng(seed)
    return [
        Prediction(
            part,
            scan.name,
            scan.person_id,
            scan.subject.sex,
            scan.subject.age_years,
            scan.scanner.name,
            scan.scanner.clinic,
            0.9 * scan.subject.biological_age_years + 5 + error_years * rng.standard_normal(),
        )
        for part, count in SUBJECTS.items()
        for one in seeds(part, count)
        for scan in scans(part, one)
    ]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    for name, error, subjects in (("main", 2.0, 2000), ("few", 12.0, 85)):
        (folder / name).mkdir()
        write_predictions(folder / name / "predictions.csv", answers(error))
        facts = {"subjects": subjects, "loss": "mse", "region": "whole", "spacing_mm": 1.8,
                 "epochs": 9, "seconds": 7200, "device": "cpu"}  # fmt: skip
        (folder / name / "run.json").write_text(json.dumps(facts))
    return folder


@pytest.fixture
def no_models(monkeypatch):
    missing = Refusal(Code.MODEL_MISSING, "No spine age model is installed.", "age")
    models = Models(segmentation=None, age=missing, discs={})
    monkeypatch.setattr(chain, "models_of", lambda _: models)


def inputs(runs, **changes):
    given = {
        "predictions": runs / "main" / "predictions.csv",
        "runs": runs,
        "cohort": None,
        "models": Path("models"),
        "kinds_cases": 0,
        "service_cases": 0,
        "boosting_subjects": 60,
        "recovery_runs": 3,
    }
    return Inputs(**{**given, **changes})


@pytest.fixture
def written(runs, no_models, tmp_path):
    return validate(inputs(runs), tmp_path), tmp_path


def test_page_tables_pictures_and_figures_are_written(written):
    rows, build = written
    page = build / "validate-age"

    text = (page / "index.html").read_text(encoding="utf-8")
    for title in (
        "Targets", "Who was measured", "How accurate", "Beside the smallest possible error",
        "How sure", "Scanned twice", "Far off", "Bias correction", "Out of scope",
        "Training and service", "Where the network looked",
    ):  # fmt: skip
        assert f"<h2>{title}</h2>" in text
    assert "2000 subjects at 1.8 mm, 9 epochs, 2.0 h on cpu" in text
    for name in ("figure-4.png", "bland-altman.png", "table-1.csv", "table-4.csv", "review.csv"):
        assert (page / name).stat().st_size
    assert read_measurements(build / "validate-age.json") == tuple(rows)
    assert len({row.name for row in rows}) == len(rows)

    table = pd.read_csv(page / "table-3.csv").set_index("model")
    assert table.loc["85 samples", "run"] == "few"
    assert table.loc["Proposed model", "run"] == "main"
    assert (
        table.loc["85 samples", "uncorrected: MAE"]
        > table.loc["Proposed model", "uncorrected: MAE"]
    )
    targets = {row.name: row for row in rows if row.target is not None}
    assert targets["test: MAE, network over oracle"].value > 0.5
    # What was not run must not look as if it were met.
    assert targets["out of scope, brain: an age was given"].met is False
    assert targets["service against table, true labels: largest difference"].met is False


def test_what_is_wrong_is_told_on_the_command_line_without_a_traceback(runs, tmp_path):
    lines = (runs / "main" / "predictions.csv").read_text().splitlines()
    spoiled = tmp_path / "predictions.csv"
    spoiled.write_text("\n".join([*lines[:3], lines[2], *lines[3:]]) + "\n")

    found = CliRunner().invoke(app, ["validate", "age", "--predictions", str(spoiled)])

    assert found.exit_code == 3
    assert "predictions.csv, line 4: the series of line 3 again" in found.stderr
    assert "Traceback" not in found.output


def test_a_cohort_with_a_person_in_two_parts_is_not_measured(runs, no_models, tmp_path):
    for part in ("training", "test"):
        folder = tmp_path / "cohort" / part / f"{part}-scan"
        folder.mkdir(parents=True)
        truth = {"age_years": 50, "sex": "F", "person_id": "p", "grades": {}}
        (folder / "truth.json").write_text(json.dumps(truth))
        for name in ("image.nii", "labels.nii"):
            (folder / name).write_bytes(b"x")

    with pytest.raises(ValueError, match="the person is in part training, too"):
        validate(inputs(runs, cohort=tmp_path / "cohort"), tmp_path / "build")
    assert not (tmp_path / "build" / "validate-age.json").exists()
