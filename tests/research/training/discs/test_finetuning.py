import csv
import json
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch

from research.export import Origin, data_of, write_model
from research.training.discs import plans
from research.training.discs.finetuning import finetune_progression
from research.training.discs.fit_settings import FitSettings
from research.training.discs.plans import Computer
from research.training.discs.shipping import export_progression
from research.training.discs.starts import read_shipped
from spine.anatomy.grades import Scale
from spine.inference.models import disc_name
from spine.inference.weights import WEIGHTS_FILE, bytes_from_network
from spine.networks.vgg_m import VGGM, VGGMWidths
from spine.preprocessing.disc import DiscSpec

pytestmark = pytest.mark.slow

LAYERS = VGGMWidths((8, 16, 16, 16, 16), 128)
SETTINGS = FitSettings(epochs=2, batch_size=8)


@pytest.fixture
def models(tmp_path, monkeypatch):
    """A shipped model that has learned nothing."""
    monkeypatch.setattr(plans, "NARROW", LAYERS)
    torch.manual_seed(0)
    network = VGGM((9, 96, 128), 4, LAYERS)
    write_model(
        tmp_path / "models",
        {WEIGHTS_FILE: bytes_from_network(network)},
        name=disc_name(Scale.BULGING),
        version="0.2.0",
        input=asdict(DiscSpec(Scale.BULGING)),
        widths=asdict(LAYERS),
        data=data_of("none", 0, 0, 0),
        metrics=(),
    )
    return tmp_path / "models"


def curve(run):
    with (run / "learning-curve-bulging.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def patients_in(folder):
    with (folder / "predictions-bulging.csv").open(newline="") as file:
        return {row["patient_id"] for row in csv.DictReader(file)}


def test_a_site_gets_a_learning_curve_on_patients_that_nothing_learned_from(
    cohort, models, tmp_path
):
    run = tmp_path / "site"
    settings = replace(SETTINGS, epochs=5, learning_rate=3e-3)
    scales = [Scale.BULGING]

    (line,) = finetune_progression(cohort, run, models, scales, [8, 99], Computer(), settings)

    points = curve(run)
    assert [(p["patients"], p["begun"]) for p in points] == [
        ("0", "shipped"), ("8", "anew"), ("8", "shipped"), ("21", "anew"), ("21", "shipped"),
    ]  # fmt: skip
    accuracy = [float(p["follow-up grade accuracy"]) for p in points]
    assert accuracy[-1] > accuracy[0]
    tested = [patients_in(run / folder) for folder in (".", "0", "8", "21")]
    assert tested == [tested[0]] * 4
    assert len(tested[0]) == 9
    assert "after 21 patients" in line


def test_what_came_out_can_be_shipped(cohort, models, tmp_path):
    run = tmp_path / "site"
    list(finetune_progression(cohort, run, models, [Scale.BULGING], [], Computer(), SETTINGS))
    before, _ = read_shipped(models, disc_name(Scale.BULGING))

    list(export_progression(run, tmp_path / "tuned", "0.3.0", Origin("real", "of one site")))

    after, layers = read_shipped(tmp_path / "tuned", disc_name(Scale.BULGING))
    assert layers == LAYERS
    assert len(after) == len(before)
    assert after != before
    card = json.loads((tmp_path / "tuned" / disc_name(Scale.BULGING) / "card.json").read_text())
    assert "patients held out once" in card["data"]["description"]
    assert "out of fold" not in card["data"]["description"]
    assert np.frombuffer(after[-64:], np.float32).std() > 0
