import csv

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from research.cli import app
from research.training.age import AgeFolders, AgePlan, train_age
from research.training.age_inputs import AgeView
from research.training.age_predictions import (
    read_answers,
    read_features,
    read_network,
    write_features,
    write_predictions,
)
from research.training.loop import TrainingSettings
from spine.inference.cards import CORRECTED_AGE_ERROR, card_from_json
from tests.research.training.age_world import SPEC, write_part

pytestmark = pytest.mark.slow
PARTS = {"training": 6, "validation": 3, "bias": 6, "calibration": 12, "test": 5}


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    folder = tmp_path_factory.mktemp("age")
    for number, (part, count) in enumerate(PARTS.items()):
        write_part(folder / "cohort" / part, count, first=100 * number)
    folders = AgeFolders(folder / "cohort", folder / "run", folder / "cache")
    network = train_age(folders, AgePlan(AgeView(SPEC)), TrainingSettings(1, learning_rate=1e-3))
    write_predictions(network, folders, AgeView(SPEC))
    write_features(network, folders, AgeView(SPEC))
    return folders


def test_every_part_but_training_is_answered_for(folders):
    with (folders.run / "predictions.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))

    counts = {part: sum(row["part"] == part for row in rows) for part in PARTS}
    assert counts == {**PARTS, "training": 0}
    assert {row["scanner"] for row in rows} == {"S1"}
    assert all(row["person_id"] == row["subject_id"] for row in rows)


def test_answers_are_the_network_s_in_the_order_of_the_ages(folders):
    network, view = read_network(folders.run)
    examples = folders.examples("test", view, 1)
    network.eval()
    with torch.inference_mode():
        eager = [float(network(torch.from_numpy(examples.array(n))[None])) for n in range(5)]

    answers = read_answers(folders.run / "predictions.csv", "test")

    np.testing.assert_allclose(answers.said, eager, atol=1e-3)
    np.testing.assert_allclose(answers.ages, examples.targets[:, 0])


def test_features_are_what_the_last_layer_turns_into_ages(folders):
    network, view = read_network(folders.run)
    examples = folders.examples("training", view, 1)
    features = read_features(folders.run)

    with torch.inference_mode():
        ages = network.prediction(torch.from_numpy(features.astype(np.float32)))[:, 0]
        eager = [float(network.eval()(torch.from_numpy(examples.array(n))[None])) for n in range(6)]

    assert features.shape == (6, 64)
    np.testing.assert_allclose(ages, eager, atol=1e-2)


def test_exported_card_states_line_interval_and_the_error_that_the_report_draws(folders, tmp_path):
    options = ["--version", "9.8.7", "--data", "synthetic", "-m", str(tmp_path)]
    done = CliRunner().invoke(app, ["export", "age", str(folders.run), *options])

    assert done.exit_code == 0, done.output
    card = card_from_json((tmp_path / "age-dcnn" / "card.json").read_bytes())
    (bracket,) = card.intervals.brackets
    assert (card.version, card.input) == ("9.8.7", SPEC)
    assert (card.bias.cases, bracket.cases, card.metrics[0].n) == (6, 12, 5)
    assert card.data.training_subjects == 6
    assert card.figure(CORRECTED_AGE_ERROR, "years") == card.metrics[3].value
    assert card.metrics[-1].name == "coverage of the 90 % interval"


def test_limits_come_from_the_features_of_training_and_the_bias_part(folders, tmp_path):
    run, models = str(folders.run), str(tmp_path)
    options = ["--version", "1.0.0", "--data", "synthetic", "-m", models]
    CliRunner().invoke(app, ["export", "age", run, *options])

    done = CliRunner().invoke(app, ["export", "age-limits", run, str(folders.cohort), "-m", models])

    assert done.exit_code == 0, done.output
    card = card_from_json((tmp_path / "age-dcnn" / "card.json").read_bytes())
    assert card.feature_limit.training_cases == 6
    assert card.feature_limit.validation_cases == card.heat_limits.cases == 6


def test_a_part_can_be_answered_for_later_and_the_others_stay(folders, tmp_path):
    path = folders.run / "predictions.csv"
    whole = path.read_text().splitlines()
    path.write_text("\n".join(line for line in whole if not line.startswith("test,")) + "\n")

    done = CliRunner().invoke(
        app,
        ["predict", "age", str(folders.run), str(folders.cohort), "--part", "test",
         "--cache", str(tmp_path / "cache")],
    )  # fmt: skip

    assert done.exit_code == 0, done.output
    assert sorted(path.read_text().splitlines()) == sorted(whole)
