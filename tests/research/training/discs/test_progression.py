import csv
import json
from dataclasses import replace

import numpy as np
import pytest

from research.export import Origin
from research.training.discs import plans
from research.training.discs.balance import Balance
from research.training.discs.fit_settings import FitSettings
from research.training.discs.plans import Computer, Measured, ProgressionPlan, keep_plan
from research.training.discs.progression import Source, train_progression
from research.training.discs.shipping import export_progression
from spine.anatomy.grades import Scale
from spine.networks.vgg_m import VGGMWidths
from tests.research.training.discs.planted import make_cohort

pytestmark = pytest.mark.slow

LAYERS = VGGMWidths((8, 16, 16, 16, 16), 128)
SYNTHETIC = Origin("synthetic")
PLAN = ProgressionPlan(folds=3, settings=FitSettings(epochs=2, batch_size=8))


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(plans, "NARROW", LAYERS)


def train(cohort, run, plan=PLAN, only=None):
    return list(train_progression(Source(cohort), run, plan, [Scale.BULGING], only, Computer()))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A whole run: three folds and the network on everybody."""
    folder = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(plans, "NARROW", LAYERS)
        train(make_cohort(folder / "cohort"), folder / "run")
    return folder / "run"


def predictions(run):
    with (run / "predictions-bulging.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_disc_is_predicted_once_by_a_network_that_never_saw_its_patient(trained):
    rows = predictions(trained)

    assert len(rows) == len({(row["patient_id"], row["level"]) for row in rows}) == 60
    assert {row["fold"] for row in rows} == {"0", "1", "2"}
    by_patient = {}
    for row in rows:
        assert by_patient.setdefault(row["patient_id"], row["fold"]) == row["fold"]


def test_planted_sign_of_the_course_is_found_out_of_fold(cohort, tmp_path):
    longer = FitSettings(epochs=12, batch_size=8, learning_rate=2e-3)
    train(cohort, tmp_path / "run", replace(PLAN, settings=longer), only=[0])

    rows = predictions(tmp_path / "run")
    chances = np.array([[float(row[f"p{grade}"]) for grade in range(4)] for row in rows])
    truth = np.array([int(row["followup"]) for row in rows])
    assert np.allclose(chances.sum(axis=1), 1, atol=1e-5)
    assert (chances.argmax(axis=1) == truth).mean() > 0.8


def test_a_finished_run_is_not_trained_again_and_says_the_same(cohort, tmp_path):
    train(cohort, tmp_path / "run", only=[1])
    weights = tmp_path / "run" / "bulging" / "fold-1" / "best.safetensors"
    written, said = weights.stat().st_mtime_ns, predictions(tmp_path / "run")

    train(cohort, tmp_path / "run", only=[1])

    assert weights.stat().st_mtime_ns == written
    assert predictions(tmp_path / "run") == said
    assert len(said) == 20


def test_a_run_of_another_plan_is_left_alone(cohort, tmp_path):
    train(cohort, tmp_path / "run", only=[0])

    with pytest.raises(ValueError, match="another plan"):
        train(cohort, tmp_path / "run", replace(PLAN, balance=Balance.OVER), only=[0])


@pytest.mark.parametrize("balance", [Balance.WEIGHTED, Balance.UNDER, Balance.SMOTE])
def test_every_way_with_rare_grades_gives_probabilities(cohort, tmp_path, balance):
    train(cohort, tmp_path / "run", replace(PLAN, balance=balance), only=[0])

    values = [
        [float(row[f"q{grade}"]) for grade in range(4)] for row in predictions(tmp_path / "run")
    ]
    assert np.isfinite(values).all()
    assert np.allclose(np.sum(values, axis=1), 1, atol=1e-5)


def test_shipped_model_has_its_temperature_its_people_and_figures_out_of_fold(trained, tmp_path):
    (line,) = export_progression(trained, tmp_path / "models", "0.2.0", SYNTHETIC)

    folder = tmp_path / "models" / "disc-bulging-progression"
    card = json.loads((folder / "card.json").read_text())
    assert (folder / "weights.safetensors").stat().st_size < 16 * 2**20
    assert card["data"]["test_subjects"] == 30
    assert card["data"]["training_subjects"] + card["data"]["validation_subjects"] == 30
    assert {m["name"] for m in card["metrics"]} >= {
        "progression AUC, network",
        "progression Brier score, baseline grade alone",
    }
    assert card["evidence"] == "synthetic"
    fitted = json.loads((trained / "bulging" / "all" / "temperature.json").read_text())
    assert card["temperature"] == pytest.approx(fitted["temperature"], abs=1e-4)
    assert card["widths"]["linear"] == 128
    assert "Figures are out of fold" in card["data"]["description"]
    assert "southern Chinese" in card["data"]["population"]
    assert line.startswith("disc-bulging-progression card ")


def test_a_model_of_patients_has_no_word_of_the_virtual_cohort_on_its_card(trained, tmp_path):
    origin = Origin("real", "adults of one hospital")

    list(export_progression(trained, tmp_path / "models", "0.2.0", origin))

    text = (tmp_path / "models" / "disc-bulging-progression" / "card.json").read_text()
    card = json.loads(text)
    assert {metric["data"] for metric in card["metrics"]} == {"real"}
    assert card["data"]["population"] == "adults of one hospital"
    assert card["data"]["real_patients"] == card["data"]["test_subjects"] == 30
    assert not any(word in text for word in ("irtual", "hantom", "southern Chinese"))
    assert card["evidence"] == "synthetic"


def test_a_plan_from_before_it_said_what_is_measured_goes_on(tmp_path):
    keep_plan(tmp_path, PLAN)
    begun = json.loads((tmp_path / "plan.json").read_text())
    del begun["measured"]
    (tmp_path / "plan.json").write_text(json.dumps(begun))

    keep_plan(tmp_path, PLAN)
    with pytest.raises(ValueError, match="another plan"):
        keep_plan(tmp_path, replace(PLAN, measured=Measured.HELD_OUT))


def test_a_run_of_single_folds_has_nothing_to_ship(cohort, tmp_path):
    train(cohort, tmp_path / "run", only=[0])

    with pytest.raises(ValueError, match="no network on everybody"):
        list(export_progression(tmp_path / "run", tmp_path / "models", "0.2.0", SYNTHETIC))
