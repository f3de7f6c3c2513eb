import os

import numpy as np
import pytest
import torch

from research.training.segmentation.config import CohortSource, read_config
from research.training.segmentation.export import HELD_OUT_FILE, Trained, export
from research.training.segmentation.folders import (
    SPLITS,
    latest_checkpoint,
    nnunet_folders,
    preprocessed_folder,
    results_folder,
)
from research.training.segmentation.plans import Net
from research.training.segmentation.starting import begin_with
from research.training.segmentation.training import train
from research.validation.segmentation.models import read_unapproved
from research.validation.segmentation.stock import stock_prediction
from spine.anatomy.labels import TissueClass
from spine.imaging.volume import Volume
from spine.inference.cards import card_from_json
from spine.segmentation.segmenter import predict_classes

# The trained nets are one worker's.
pytestmark = pytest.mark.xdist_group("segmentation training")

CONFIG = """
net: fine
sources:
  - {cohort: build/cohorts/segmentation, share: 0.4}
  - {labeled: data, mapping: spider-merged}
"""


def test_the_environment_is_as_before_outside_the_block(tmp_path, monkeypatch):
    raw, results = "nnUNet_raw", "nnUNet_results"
    monkeypatch.setenv(raw, "before")
    monkeypatch.delenv(results, raising=False)
    with nnunet_folders(tmp_path):
        assert os.environ[raw] == str(tmp_path / raw)
    assert os.environ[raw] == "before"
    assert results not in os.environ


def test_config_names_net_and_sources(tmp_path):
    (tmp_path / "c.yaml").write_text(CONFIG)
    read = read_config(tmp_path / "c.yaml")
    assert read.net is Net.FINE
    assert read.sources[1].mapping == "spider-merged"
    assert [source.share for source in read.sources] == [0.4, 1.0]


@pytest.mark.parametrize(
    ("content", "told"),
    [("net: medium\nsources: []", "net"), (CONFIG + "fold: 3\n", "fold"), ("[", "c.yaml")],
)
def test_config_that_is_none_is_refused_by_what_is_wrong(content, told, tmp_path):
    (tmp_path / "c.yaml").write_text(content)
    with pytest.raises(ValueError, match=told):
        read_config(tmp_path / "c.yaml")


def test_a_fold_that_is_none_is_refused(config, tmp_path):
    with pytest.raises(ValueError, match="fold 4"):
        train(config(Net.COARSE), tmp_path, 4)


@pytest.fixture(scope="module")
def trained(config, tmp_path_factory):
    """Both nets, one epoch of the fold that holds the second patient out."""
    work = tmp_path_factory.mktemp("trained")
    for net in Net:
        train(config(net), work, 1)
    return work


@pytest.mark.slow
def test_both_nets_go_on_are_exported_and_segment_as_nnunet_does(config, trained, tmp_path):
    work, models = trained, tmp_path / "models"
    for net in Net:
        train(config(net, epochs=2), work, 1)
        log = results_folder(work / net, net, 1).glob("training_log*")
        assert "Epoch 1" in "".join(path.read_text() for path in log)
        assert (results_folder(work / net, net, 1) / "progress.png").exists()

    export(Trained(work, 1), models, "0.0.1")

    card = card_from_json((models / "spine-segmentation" / "card.json").read_bytes())
    # Of three rendered subjects one is watched, of three patients one is held out.
    assert card.data.training_subjects == 4
    assert "SPIDER" in card.data.description
    assert "images of patients" in card.intended_use
    assert (models / HELD_OUT_FILE).read_text().count("spider-merged") == 1
    rng = np.random.default_rng(0)
    volume = Volume(rng.random((6, 60, 90)).astype(np.float32), np.diag([4.0, 3.0, 3.0, 1.0]))
    ours, stock = predict_classes(volume, read_unapproved(models)), stock_prediction(volume, models)
    assert ours.data.shape == stock.shape == volume.data.shape
    assert stock.max() <= max(TissueClass)


@pytest.mark.slow
def test_nets_that_saw_other_patients_are_no_model(trained, tmp_path):
    splits = preprocessed_folder(trained / Net.FINE) / SPLITS
    before = splits.read_text()
    splits.write_text(before.replace("spider-merged-4", "spider-merged-5"))
    try:
        with pytest.raises(ValueError, match="other patients"):
            export(Trained(trained, 1), tmp_path / "models", "0.0.1")
    finally:
        splits.write_text(before)


def _weights(work, fold):
    checkpoint = latest_checkpoint(work / Net.FINE, Net.FINE, fold)
    return torch.load(checkpoint, weights_only=False)["network_weights"]


def _assert_equal(first, second):
    assert first.keys() == second.keys()
    for name, weight in first.items():
        torch.testing.assert_close(weight, second[name])


@pytest.mark.slow
def test_training_begins_with_the_weights_it_is_given(config, trained, tmp_path):
    export(Trained(trained, 1), tmp_path / "models", "0.0.1")
    start = tmp_path / "models" / "spine-segmentation" / "fine.safetensors"

    train(config(Net.FINE, start=start, learning_rate=1e-12), tmp_path / "again", 1)

    _assert_equal(_weights(trained, 1), _weights(tmp_path / "again", 1))


@pytest.mark.slow
def test_training_begins_with_a_run_unless_it_saw_who_is_held_out(config, rendered, tmp_path):
    phantoms = config(Net.FINE, sources=(CohortSource(cohort=rendered),))
    train(phantoms, tmp_path / "phantoms", 3)
    still = config(Net.FINE, start=tmp_path / "phantoms", learning_rate=1e-12)

    train(still, tmp_path / "again", 0)

    _assert_equal(_weights(tmp_path / "phantoms", 3), _weights(tmp_path / "again", 0))
    train(config(Net.FINE), tmp_path / "again", 3)
    with pytest.raises(ValueError, match="held out: spider-merged"):
        train(config(Net.FINE, start=tmp_path / "again"), tmp_path / "third", 0)
    with pytest.raises(ValueError, match="another architecture"):
        begin_with(tmp_path / "phantoms", torch.nn.Linear(2, 2), Net.FINE, frozenset())
    with pytest.raises(FileNotFoundError, match="coarse: nothing was trained"):
        begin_with(tmp_path / "phantoms", torch.nn.Identity(), Net.COARSE, frozenset())
