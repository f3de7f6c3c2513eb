import json
import os

import numpy as np
import pytest

from phantom.protocols import LUMBAR_T2, coarser
from phantom.rendering import render
from phantom.subjects import subject
from research.cohort import SubjectRecord, read_images, read_records, write_subject
from research.measurements import Data as Origin
from research.training.segmentation import SegmentationTraining, train
from research.training.segmentation_data import (
    SPLITS,
    nnunet_folders,
    prepare,
    preprocessed_folder,
    read_windows,
    results_folder,
)
from research.training.segmentation_export import TestData as ExportTestData
from research.training.segmentation_export import export
from research.training.segmentation_plans import CONFIGURATION, PLANS, WINDOW, plans_from_spec
from research.training.segmentation_stock import stock_prediction
from research.training.segmentation_validation import CaseScore, dice, measurements
from spine.anatomy.labels import TissueClass
from spine.findings import Evidence, ModelReference
from spine.inference.cards import card_from_json
from spine.inference.models import Model
from spine.networks.plain_conv_unet import network_from_plans
from spine.segmentation.segmenter import predict_classes

REFERENCE = ModelReference("spine-segmentation", "0.1.0", "0" * 64, Evidence.SYNTHETIC)


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cohort")
    for seed in (1, 2, 3):
        rendering = render(
            subject(seed), coarser(LUMBAR_T2, 2.5), np.random.default_rng(seed), sub_slices=1
        )
        record = SubjectRecord(f"{seed:06d}_lumbar", 50.0, "F", {})
        write_subject(folder, record, rendering.volume, rendering.labels)
    return folder


def test_training_reads_the_arrays_of_the_service_bit_for_bit(cohort, tmp_path):
    import blosc2

    with nnunet_folders(tmp_path):
        prepare(cohort, tmp_path, WINDOW, 0.34)
    record = SubjectRecord("000002_lumbar", 50.0, "F", {})
    image, classes = read_windows(cohort, record, WINDOW)
    folder = preprocessed_folder(tmp_path) / f"{PLANS}_{CONFIGURATION}"
    stored = blosc2.open(urlpath=str(folder / "000002_lumbar.b2nd"), mode="r")[:]
    target = blosc2.open(urlpath=str(folder / "000002_lumbar_seg.b2nd"), mode="r")[:]
    assert np.array_equal(stored, image)
    assert np.array_equal(target[0], classes)


class _Listener:
    """A network that keeps what it was asked and sees background everywhere."""

    def __call__(self, batch):
        self.batch = batch
        return np.zeros((1, len(TissueClass), *batch.shape[2:]), dtype=np.float32)


def test_training_sees_bit_for_bit_what_the_services_network_sees(cohort, tmp_path):
    import blosc2

    with nnunet_folders(tmp_path):
        prepare(cohort, tmp_path, WINDOW, 0.34)
    folder = preprocessed_folder(tmp_path) / f"{PLANS}_{CONFIGURATION}"
    for record in read_records(cohort):
        volume, _ = read_images(cohort, record)
        listener = _Listener()
        predict_classes(volume, Model(REFERENCE, WINDOW, listener))
        stored = blosc2.open(urlpath=str(folder / f"{record.subject_id}.b2nd"), mode="r")[:]
        np.testing.assert_array_equal(stored[None], listener.batch, strict=True)


def test_no_subject_stands_on_both_sides_of_the_split(cohort, tmp_path):
    with nnunet_folders(tmp_path):
        prepare(cohort, tmp_path, WINDOW, 0.34)
    (split,) = json.loads((preprocessed_folder(tmp_path) / SPLITS).read_text())
    assert len(split["train"]) == 2
    assert len(split["val"]) == 1
    assert not {c.split("_")[0] for c in split["train"]} & {c.split("_")[0] for c in split["val"]}


def test_the_environment_is_as_before_outside_the_block(tmp_path, monkeypatch):
    raw, results = "nnUNet_raw", "nnUNet_results"
    monkeypatch.setenv(raw, "before")
    monkeypatch.delenv(results, raising=False)
    with nnunet_folders(tmp_path):
        assert os.environ[raw] == str(tmp_path / raw)
    assert os.environ[raw] == "before"
    assert results not in os.environ


def test_plans_are_complete_and_build_a_compact_network():
    network = network_from_plans(plans_from_spec(WINDOW))
    assert sum(parameter.numel() for parameter in network.parameters()) < 3_000_000


def test_dice_of_a_hand_computed_case():
    first = np.array([True, True, False, False])
    second = np.array([True, False, True, False])
    assert dice(first, second) == pytest.approx(0.5)
    assert np.isnan(dice(first & False, second & False))


def test_a_wrong_level_counts_only_where_the_names_claim_to_be_certain():
    scores = [
        CaseScore("a", {"disc": 0.8}, 2, 5, levels_certain=True, refused=False),
        CaseScore("b", {"disc": 0.6}, 5, 5, levels_certain=False, refused=False),
    ]
    rows = {row.name: row.value for row in measurements(scores, "g", Origin.SYNTHETIC)}
    assert rows["g: Dice disc, mean"] == pytest.approx(0.7)
    assert rows["g: Dice disc, worst"] == pytest.approx(0.6)
    assert rows["g: wrong level though certain"] == 1
    assert rows["g: levels uncertain"] == 1


@pytest.mark.slow
def test_a_short_training_is_resumed_exported_and_loaded(cohort, tmp_path):
    short = SegmentationTraining(
        minutes=0.01, iterations=1, validation_iterations=1, validation_share=0.34
    )
    work, models = tmp_path / "work", tmp_path / "models"
    train(cohort, work, short, resume=False)
    train(cohort, work, short, resume=True)
    log = "".join(path.read_text() for path in results_folder(work).glob("training_log*"))
    assert "Epoch 1" in log

    rows = export(work, models, "0.0.1", ExportTestData(cohort, None))
    card = card_from_json((models / "spine-segmentation" / "card.json").read_bytes())
    assert card.input == WINDOW
    assert card.data.training_subjects == 2
    assert {metric.name for metric in card.metrics} == {
        row.name for row in rows if row.value is not None
    }

    rendering = render(subject(5), coarser(LUMBAR_T2, 4.0), np.random.default_rng(5), sub_slices=1)
    stock = stock_prediction(rendering.volume, models)
    assert stock.shape == rendering.volume.data.shape
    assert stock.max() <= max(TissueClass)
