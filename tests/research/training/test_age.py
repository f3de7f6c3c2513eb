import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from research.training.age import (
    AgeFolders,
    AgeLoss,
    AgePlan,
    answer_in_years,
    answer_standardized,
    spec_at,
    train_age,
)
from research.training.age_inputs import AgeView
from research.training.age_predictions import write_predictions
from research.training.age_regions import AgeRegion
from research.training.loop import TrainingSettings
from spine.imaging.volume import LabelMap, Volume
from spine.networks.age_dcnn import AgeDCNN
from spine.preprocessing.age import AgeSpec, age_input
from tests.research.training.age_world import SPEC, write_part

pytestmark = pytest.mark.slow

STILL = TrainingSettings(epochs=1, learning_rate=0.0)


@pytest.fixture
def folders(tmp_path):
    write_part(tmp_path / "cohort" / "training", 8)
    write_part(tmp_path / "cohort" / "validation", 4, first=100)
    return AgeFolders(tmp_path / "cohort", tmp_path / "run", tmp_path / "cache")


def plan(**changes):
    return AgePlan(AgeView(SPEC), **changes)


def facts_of(folders):
    return json.loads((folders.run / "run.json").read_text())


def test_trained_network_answers_in_years_and_says_how_it_came_to_be(folders):
    network = train_age(folders, plan(), TrainingSettings(epochs=3, learning_rate=1e-3))

    spines = folders.examples("validation", AgeView(SPEC), 1)
    with torch.inference_mode():
        answers = network.eval()(torch.stack([torch.from_numpy(spines.array(n)) for n in range(4)]))
    saved = load_file(folders.run / "weights.safetensors")
    facts = facts_of(folders)
    # Ages of 25 to 85 were learned, in standard deviations from their mean.
    assert abs(float(answers.mean()) - 51) < 30
    assert torch.equal(saved["prediction.bias"], network.prediction.bias.detach())
    assert (facts["subjects"], facts["loss"], facts["region"]) == (8, "mse", "whole")
    throughput = facts["throughput"]
    assert 0 < throughput["share"] < 1.5
    share = throughput["tflop_per_second"] / throughput["limit_tflop_per_second"]
    assert throughput["share"] == pytest.approx(share, abs=0.01)


def test_only_the_first_subjects_are_trained_on_where_few_are_asked_for(folders):
    train_age(folders, plan(subjects=5), STILL)

    assert facts_of(folders)["subjects"] == 5
    cached = {path.stem for path in (folders.cache / "8-whole" / "training").glob("*.npz")}
    assert cached == {f"s{number:03}" for number in range(5)}


def test_a_person_in_both_parts_is_refused(folders):
    write_part(folders.cohort / "validation", 1, first=3)

    with pytest.raises(ValueError, match=r"\(s003\): the person is in part training, too"):
        train_age(folders, plan(), STILL)


@pytest.mark.parametrize("part", ["bias", "calibration", "test", "repeats"])
def test_a_person_who_is_learned_from_and_in_any_later_part_is_refused(folders, part):
    """By two scans, years apart: the names of the series differ."""
    (record,) = write_part(folders.cohort / part, 1, first=200)
    truth = folders.cohort / part / record.subject_id / "truth.json"
    truth.write_text(truth.read_text().replace('"person_id": ""', '"person_id": "s003"'))

    with pytest.raises(ValueError, match=r"training, record 4 \(s003\): the person is in part"):
        train_age(folders, plan(), STILL)
    with pytest.raises(ValueError, match=f"the person is in part {part}, too"):
        write_predictions(AgeDCNN(), folders, AgeView(SPEC), [part])
    assert not folders.run.exists()


def test_faults_of_the_cohort_are_named_by_record_before_anything_is_learned(folders):
    truth = folders.cohort / "training" / "s002" / "truth.json"
    truth.write_text(truth.read_text().replace('"age_years": 40.0', '"age_years": 340.0'))
    (folders.cohort / "validation" / "s101" / "image.nii").unlink()

    with pytest.raises(ValueError, match="record 3 \\(s002\\): no age") as caught:
        train_age(folders, plan(), STILL)

    assert "validation, record 2 (s101): image.nii is missing" in str(caught.value)
    assert not folders.run.exists()


def test_a_cohort_without_validation_is_refused(tmp_path):
    write_part(tmp_path / "cohort" / "training", 2)
    folders = AgeFolders(tmp_path / "cohort", tmp_path / "run", tmp_path / "cache")

    with pytest.raises(ValueError, match="lacks subjects"):
        train_age(folders, plan(), STILL)


@pytest.mark.parametrize(
    ("changed_plan", "changed_settings"),
    [
        (plan(loss=AgeLoss.SMOOTH_L1), STILL),
        (plan(subjects=6), STILL),
        (AgePlan(AgeView(SPEC, AgeRegion.LUMBAR)), STILL),
        (plan(), replace(STILL, batch_size=4)),
    ],
)
def test_a_run_goes_on_only_as_it_was_begun(folders, changed_plan, changed_settings):
    train_age(folders, plan(), STILL)

    with pytest.raises(ValueError, match="begun with other settings"):
        train_age(folders, changed_plan, changed_settings)
    train_age(folders, plan(), replace(STILL, epochs=2))


def test_training_continues_from_another_run_of_other_size(folders):
    train_age(folders, plan(), STILL)
    finer = AgeSpec(spacing_mm=(3.0, 6.0, 6.0), shape=(14, 44, 44))
    again = replace(folders, run=folders.run.with_name("finer"))

    network = train_age(again, AgePlan(AgeView(finer), start=folders.run), STILL)

    first = load_file(folders.run / "weights.safetensors")
    assert torch.equal(network.blocks[0][0].weight, first["blocks.0.0.weight"])
    # The same answers in years, whatever the scale of training was.
    torch.testing.assert_close(network.prediction.weight.data, first["prediction.weight"])
    torch.testing.assert_close(network.prediction.bias.data, first["prediction.bias"])


def test_coarser_box_covers_the_same_field_of_view():
    assert spec_at(0.9) == AgeSpec()
    assert spec_at(3.6).shape == (14, 96, 198)
    assert spec_at(3.6).spacing_mm == (3.0, 3.6, 3.6)


def test_folding_the_scale_changes_only_the_unit():
    torch.manual_seed(0)
    network = AgeDCNN().eval()
    spine = torch.rand(1, *SPEC.network_shape)
    with torch.inference_mode():
        standardized = float(network(spine))
        answer_in_years(network, 52.0, 17.0)
        years = float(network(spine))

        answer_standardized(network, 52.0, 17.0)
        again = float(network(spine))

    assert years == pytest.approx(52 + 17 * standardized, abs=1e-4)
    assert again == pytest.approx(standardized, abs=1e-5)


def test_full_size_network_takes_an_optimizer_step():
    """One item at P1's 384 x 793 x 14; needs 3 GB."""
    spec = AgeSpec()
    rng = np.random.default_rng(0)
    affine = np.diag([3.3, 0.9, 0.9, 1.0])
    labels = np.zeros((14, 384, 793), dtype=np.uint8)
    labels[4:10, 150:230, 20:770] = 44
    volume = Volume(rng.random(labels.shape).astype(np.float32), affine)
    spines = torch.from_numpy(age_input(volume, LabelMap(labels, affine), spec)[None])
    network = AgeDCNN().to(memory_format=torch.channels_last_3d)
    optimizer = torch.optim.Adam(network.parameters(), 0.01)
    before = network.blocks[0][0].weight.detach().clone()

    assert spines.shape == (1, 1, 384, 793, 14)
    loss = torch.nn.functional.mse_loss(network(spines), torch.full((1, 1), 50.0))
    loss.backward()
    optimizer.step()

    assert torch.isfinite(loss)
    assert not torch.equal(network.blocks[0][0].weight, before)
