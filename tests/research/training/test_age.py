import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from research.cohort import Split, SubjectRecord, split_by_subject, write_subject
from research.training.age import (
    AgePlan,
    age_examples,
    answer_in_years,
    augment_spine,
    coarse_spec,
    evaluate_age,
    export_age,
    train_age,
)
from research.training.loop import TrainingSettings
from spine.imaging.volume import LabelMap, Volume
from spine.inference.cards import CORRECTED_AGE_ERROR, card_from_json
from spine.networks.age_dcnn import AgeDCNN
from spine.preprocessing.age import AgeSpec, age_input

SPEC = AgeSpec(spacing_mm=(3.0, 8.0, 8.0), shape=(14, 32, 32))


def world(folder, count):
    """Write spines whose texture grows with age."""
    records = []
    for number in range(count):
        rng = np.random.default_rng(number)
        age = 25 + 60 * number / count
        data = (50 + age * rng.random((10, 20, 24))).astype(np.float32)
        labels = np.zeros(data.shape, dtype=np.uint8)
        labels[3:7, 8:12, 2:22] = 44
        affine = np.diag([4.0, 10.0, 9.0, 1.0])
        record = SubjectRecord(f"s{number:02}", age, "F", {})
        write_subject(folder, record, Volume(data, affine), LabelMap(labels, affine))
        records.append(record)
    return records


def test_training_reads_from_disk_what_the_service_computes(tmp_path):
    (record,) = world(tmp_path, 1)
    rng = np.random.default_rng(0)
    volume = Volume((50 + 25 * rng.random((10, 20, 24))).astype(np.float32),
                    np.diag([4.0, 10.0, 9.0, 1.0]))  # fmt: skip
    labels = np.zeros(volume.data.shape, dtype=np.uint8)
    labels[3:7, 8:12, 2:22] = 44

    examples = age_examples(tmp_path, (record,), SPEC)

    service = age_input(volume, LabelMap(labels, volume.affine), SPEC)
    np.testing.assert_array_equal(examples.inputs[0], service, strict=True)
    assert examples.targets.tolist() == [[25.0]]


def test_trained_network_answers_in_years_and_is_measured_on_the_test_part(tmp_path):
    records = world(tmp_path, 14)
    split = Split(tuple(records[::2]), tuple(records[1::4]), tuple(records[3::4]))
    settings = TrainingSettings(epochs=3, learning_rate=1e-3)

    network = train_age(tmp_path, split, AgePlan(SPEC), settings, tmp_path / "run")
    parts = (age_examples(tmp_path, part, SPEC) for part in (split.validation, split.test))
    result = evaluate_age(network, *parts)

    figures = {metric.name: metric for metric in result.metrics}
    assert figures["MAE, uncorrected"].n == len(split.test)
    assert figures["MAE, uncorrected"].value < 40
    assert result.bias.cases == len(split.validation)


def test_held_out_cohort_gives_bias_line_and_figures(tmp_path):
    world(tmp_path / "cohort", 40)
    held_out = split_by_subject(world(tmp_path / "holdout", 12), 0, 0.5, 0.5)
    plan = AgePlan(SPEC, holdout=tmp_path / "holdout")
    settings = TrainingSettings(epochs=1, learning_rate=1e-3)

    export_age(tmp_path / "cohort", tmp_path / "run", tmp_path / "models", plan, settings)

    card = card_from_json((tmp_path / "models" / "age-dcnn" / "card.json").read_bytes())
    assert card.bias.cases == card.data.validation_subjects == len(held_out.validation)
    assert card.metrics[0].n == card.data.test_subjects == len(held_out.test)
    assert card.input == SPEC


def test_exported_card_states_the_error_that_the_report_draws(tmp_path):
    world(tmp_path / "cohort", 40)
    settings = TrainingSettings(epochs=1, learning_rate=1e-3)

    arguments = (tmp_path / "cohort", tmp_path / "run", tmp_path / "models", AgePlan(SPEC))
    export_age(*arguments, settings)

    card = card_from_json((tmp_path / "models" / "age-dcnn" / "card.json").read_bytes())
    assert card.figure(CORRECTED_AGE_ERROR, "years") == card.metrics[3].value
    assert "corrected" in card.metrics[3].name


def test_training_continues_from_coarser_weights(tmp_path):
    records = tuple(world(tmp_path / "cohort", 8))
    split = Split(records[:4], records[4:], records[4:])
    still = TrainingSettings(epochs=1, learning_rate=0.0)
    train_age(tmp_path / "cohort", split, AgePlan(SPEC), still, tmp_path / "coarse")
    finer = AgeSpec(spacing_mm=(3.0, 6.0, 6.0), shape=(14, 44, 44))

    plan = AgePlan(finer, start=tmp_path / "coarse")
    network = train_age(tmp_path / "cohort", split, plan, still, tmp_path / "fine")

    first = load_file(tmp_path / "coarse" / "best.safetensors")["blocks.0.0.weight"]
    assert torch.equal(network.blocks[0][0].weight, first)


def test_coarser_box_covers_the_same_field_of_view():
    assert coarse_spec(0.9) == AgeSpec()
    assert coarse_spec(3.6).shape == (14, 96, 198)
    assert coarse_spec(3.6).spacing_mm == (3.0, 3.6, 3.6)


def test_folding_the_scale_changes_only_the_unit():
    torch.manual_seed(0)
    network = AgeDCNN().eval()
    spine = torch.rand(1, *SPEC.network_shape)
    with torch.inference_mode():
        standardized = float(network(spine))
        answer_in_years(network, 52.0, 17.0)
        years = float(network(spine))

    assert years == pytest.approx(52 + 17 * standardized, abs=1e-4)


def test_augmentation_is_reproducible_and_keeps_the_shape():
    spine = np.random.default_rng(0).random(SPEC.network_shape).astype(np.float32)

    first, again, other = (augment_spine(spine, np.random.default_rng(seed)) for seed in (4, 4, 5))

    np.testing.assert_array_equal(first, again)
    assert first.shape == spine.shape
    assert first.dtype == np.float32
    assert not np.array_equal(first, other)


@pytest.mark.slow
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
