import json
import shutil
from dataclasses import asdict, replace
from hashlib import sha256

import numpy as np
import pytest
import torch

from spine.anatomy.grades import Scale
from spine.errors import Code, ModelIntegrityError, Refusal
from spine.findings import Evidence
from spine.imaging.volume import Volume
from spine.inference.approval import Approval
from spine.inference.backends import Backend
from spine.inference.features import FeatureCloud, FeatureLimit, bytes_from_cloud
from spine.inference.loading import load_models
from spine.inference.models import (
    AGE_NAME,
    SEGMENTATION_NAME,
    HeatLimits,
    ImageLimits,
    Model,
    disc_name,
    grading_name,
)
from spine.inference.weights import bytes_from_network
from spine.networks.vgg_m import VGGM
from spine.preprocessing.disc import DiscSpec
from spine.segmentation.segmenter import predict_classes
from tests.spine.inference.conftest import WIDTHS, write_model

pytestmark = pytest.mark.slow


def random_batch(*shape):
    return np.random.default_rng(5).normal(2, 3, size=shape).astype(np.float32)


@pytest.mark.parametrize("backend", Backend)
def test_loaded_networks_compute_what_the_saved_ones_did(models_folder, networks, backend):
    models = load_models(*models_folder, backend)

    for model, shape, network in (
        (
            models.segmentation,
            models.segmentation.spec.coarse.network_shape,
            networks["segmentation"],
        ),
        (models.age, models.age.spec.network_shape, networks["age"]),
        (models.discs[Scale.PFIRRMANN], (9, 96, 128), networks[Scale.PFIRRMANN]),
    ):
        batch = random_batch(2, *shape)
        with torch.inference_mode():
            expected = network(torch.from_numpy(batch)).numpy()
        np.testing.assert_allclose(model.network(batch), expected, atol=1e-3)


@pytest.mark.parametrize("backend", Backend)
def test_a_fine_net_is_loaded_beside_the_coarse_one(both_nets, networks, backend):
    model = load_models(*both_nets, backend).segmentation

    for network, shape, saved in (
        (model.network, model.spec.coarse.network_shape, networks["segmentation"]),
        (model.fine, model.spec.fine.network_shape, networks["fine"]),
    ):
        batch = random_batch(2, *shape)
        with torch.inference_mode():
            expected = saved(torch.from_numpy(batch)).numpy()
        np.testing.assert_allclose(network(batch), expected, atol=1e-3)


def test_both_backends_give_the_same_classes(both_nets):
    data = np.random.default_rng(3).random((6, 90, 160), np.float32)
    volume = Volume(data, np.diag([3.0, 4.0, 3.6, 1.0]))

    torch_, openvino = (
        predict_classes(volume, load_models(*both_nets, backend).segmentation).data
        for backend in Backend
    )

    assert len(np.unique(torch_)) > 3
    assert (torch_ == openvino).mean() >= 0.9999


@pytest.mark.parametrize("name", ["coarse.safetensors", "fine.safetensors"])
def test_one_changed_byte_of_either_net_is_tampering(both_nets, name):
    folder, approved = both_nets
    path = folder / SEGMENTATION_NAME / name
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)

    with pytest.raises(ModelIntegrityError) as caught:
        load_models(folder, approved, Backend.TORCH)

    assert caught.value.code is Code.MODEL_TAMPERED


def test_a_fine_net_of_which_there_is_no_file_is_invalid(models_folder):
    """The card speaks of a fine net; its folder holds one network's weights."""
    folder, approved = models_folder
    path = folder / SEGMENTATION_NAME / "card.json"
    card = json.loads(path.read_bytes())
    card["input"]["fine"] = {}
    path.write_text(json.dumps(card))
    digest = sha256(path.read_bytes()).hexdigest()
    approved[SEGMENTATION_NAME] = Approval(digest, Evidence.SYNTHETIC)

    with pytest.raises(ModelIntegrityError) as caught:
        load_models(folder, approved, Backend.TORCH)

    assert caught.value.code is Code.MODEL_INVALID


def test_references_name_segmentation_then_age_then_discs(models_folder):
    models = load_models(*models_folder, Backend.TORCH)

    assert [reference.name for reference in models.references] == [
        SEGMENTATION_NAME,
        AGE_NAME,
        *(disc_name(scale) for scale in sorted(Scale)),
    ]
    assert models.age.bias.slope == 0.8
    assert models.age.mean_absolute_error_years == 4.5
    assert models.age.intervals.brackets[0].half_width_years == 8.5
    assert models.references[0].card_sha256 == models_folder[1][SEGMENTATION_NAME].card_sha256


@pytest.mark.parametrize(("data", "found"), [("synthetic", 4.2), ("real", None)])
def test_detectable_change_is_that_of_the_data_that_the_evidence_rests_on(
    models_folder, data, found
):
    folder, approved = models_folder
    path = folder / AGE_NAME / "card.json"
    card = json.loads(path.read_bytes())
    metric = {"name": "minimal detectable change", "value": 4.2, "unit": "years", "n": 303}
    card["metrics"].append({**metric, "data": data})
    path.write_text(json.dumps(card))
    digest = sha256(path.read_bytes()).hexdigest()
    approved[AGE_NAME] = Approval(digest, Evidence.SYNTHETIC)

    assert card["evidence"] == "synthetic"
    models = load_models(folder, approved, Backend.TORCH)
    assert models.age.detectable_change_years == found


def test_missing_segmentation_model_stops_everything(models_folder):
    folder, approved = models_folder
    shutil.rmtree(folder / SEGMENTATION_NAME)

    with pytest.raises(ModelIntegrityError) as caught:
        load_models(folder, approved, Backend.TORCH)

    assert caught.value.code is Code.MODEL_MISSING


def test_missing_age_and_disc_models_are_refusals(models_folder):
    folder, approved = models_folder
    shutil.rmtree(folder / AGE_NAME)
    shutil.rmtree(folder / disc_name(Scale.BULGING))

    models = load_models(folder, approved, Backend.TORCH)

    assert isinstance(models.age, Refusal)
    assert models.age.code is Code.MODEL_MISSING
    assert models.age.subject == "age"
    assert models.discs[Scale.BULGING].code is Code.MODEL_MISSING
    assert isinstance(models.discs[Scale.PFIRRMANN], Model)
    assert len(models.references) == 3


@pytest.mark.parametrize("name", [SEGMENTATION_NAME, AGE_NAME, disc_name(Scale.BULGING)])
def test_one_changed_byte_of_weights_is_tampering(models_folder, name):
    folder, approved = models_folder
    path = folder / name / "weights.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)

    with pytest.raises(ModelIntegrityError) as caught:
        load_models(folder, approved, Backend.TORCH)

    assert caught.value.code is Code.MODEL_TAMPERED


@pytest.mark.parametrize("name", ["plans.json", "weights.safetensors"])
def test_missing_listed_file_is_tampering(models_folder, name):
    folder, approved = models_folder
    (folder / SEGMENTATION_NAME / name).unlink()

    with pytest.raises(ModelIntegrityError) as caught:
        load_models(folder, approved, Backend.TORCH)

    assert caught.value.code is Code.MODEL_TAMPERED


def test_file_beside_the_listed_ones_is_tampering(models_folder):
    folder, approved = models_folder
    (folder / AGE_NAME / "fine.safetensors").write_bytes(b"")

    with pytest.raises(ModelIntegrityError) as caught:
        load_models(folder, approved, Backend.TORCH)

    assert caught.value.code is Code.MODEL_TAMPERED


def test_changed_card_is_not_approved(models_folder):
    folder, approved = models_folder
    path = folder / AGE_NAME / "card.json"
    path.write_bytes(path.read_bytes().replace(b'"synthetic"', b'"prospective"'))

    with pytest.raises(ModelIntegrityError) as caught:
        load_models(folder, approved, Backend.TORCH)

    assert caught.value.code is Code.MODEL_NOT_APPROVED


def test_model_that_nobody_approved_is_refused(models_folder):
    folder, approved = models_folder
    del approved[AGE_NAME]

    with pytest.raises(ModelIntegrityError) as caught:
        load_models(folder, approved, Backend.TORCH)

    assert caught.value.code is Code.MODEL_NOT_APPROVED


def test_foreign_model_under_an_approved_name_is_refused(models_folder):
    folder, approved = models_folder
    bulging, pfirrmann = disc_name(Scale.BULGING), disc_name(Scale.PFIRRMANN)
    shutil.rmtree(folder / bulging)
    shutil.copytree(folder / pfirrmann, folder / bulging)
    approved[bulging] = approved[pfirrmann]

    with pytest.raises(ModelIntegrityError) as caught:
        load_models(folder, approved, Backend.TORCH)

    assert caught.value.code is Code.MODEL_INVALID


def test_approval_cannot_raise_the_evidence_of_the_card(models_folder):
    folder, approved = models_folder
    approved[AGE_NAME] = replace(approved[AGE_NAME], evidence=Evidence.PROSPECTIVE)

    models = load_models(folder, approved, Backend.TORCH)

    assert models.age.reference.evidence is Evidence.SYNTHETIC


def with_features(models_folder, features):
    """Give the age model's card its limits, and list a file of features."""
    folder, approved = models_folder
    path = folder / AGE_NAME / "card.json"
    card = json.loads(path.read_bytes())
    card["heat_limits"] = {"outside_spine": 0.5, "above_c2": 0.25, "cases": 50}
    card["feature_limit"] = {"distance": 9.5, "training_cases": 80, "validation_cases": 50}
    card["image_limits"] = {"lowest_detail": 0.12, "highest_grain": 1.5, "cases": 50}
    if features is not None:
        (folder / AGE_NAME / "features.safetensors").write_bytes(features)
        card["files"]["features.safetensors"] = sha256(features).hexdigest()
    path.write_text(json.dumps(card))
    digest = sha256(path.read_bytes()).hexdigest()
    return folder, {**approved, AGE_NAME: Approval(digest, Evidence.SYNTHETIC)}


def features_of(count):
    mean, whitening = np.ones(count, np.float32), np.eye(count, dtype=np.float32)
    return bytes_from_cloud(FeatureCloud(mean, whitening, FeatureLimit(9.5, 80, 50)))


def test_limits_and_features_of_the_age_model_are_loaded(models_folder):
    age = load_models(*with_features(models_folder, features_of(64)), Backend.TORCH).age

    assert age.heat_limits == HeatLimits(0.5, 0.25, 50)
    assert age.image_limits == ImageLimits(0.12, 1.5, 50)
    assert age.features.limit == FeatureLimit(9.5, 80, 50)
    np.testing.assert_array_equal(age.features.whitening, np.eye(64))


def test_an_age_model_without_limits_is_loaded_as_before(models_folder):
    age = load_models(*models_folder, Backend.TORCH).age

    assert (age.heat_limits, age.features, age.image_limits) == (None, None, None)


@pytest.mark.parametrize("features", [None, features_of(63)], ids=["missing", "too few"])
def test_features_that_are_not_the_networks_are_invalid(models_folder, features):
    with pytest.raises(ModelIntegrityError) as caught:
        load_models(*with_features(models_folder, features), Backend.TORCH)

    assert caught.value.code is Code.MODEL_INVALID


CLASSES = [[0], [1], [2, 3]]


def with_grading(models_folder, answers=3, **changes):
    """Add a grading model of bulging that tells no extrusion from a sequestration."""
    folder, approved = models_folder
    torch.manual_seed(1)
    network = VGGM((9, 96, 128), answers, WIDTHS).eval()
    name = grading_name(Scale.BULGING)
    digest = write_model(
        folder,
        name,
        DiscSpec(Scale.BULGING),
        {"weights.safetensors": bytes_from_network(network)},
        widths=asdict(WIDTHS),
        classes=CLASSES,
        **changes,
    )
    return network, folder, {**approved, name: Approval(digest, Evidence.SYNTHETIC)}


@pytest.mark.parametrize("backend", Backend)
def test_grading_model_is_loaded_with_its_classes_and_temperature(models_folder, backend):
    network, *installed = with_grading(models_folder, temperature=1.5)

    models = load_models(*installed, backend)

    grading = models.gradings[Scale.BULGING]
    assert (grading.classes, grading.temperature) == (((0,), (1,), (2, 3)), 1.5)
    assert models.references[-1].name == "disc-bulging-grade"
    batch = random_batch(1, 9, 96, 128)
    with torch.inference_mode():
        expected = network(torch.from_numpy(batch)).numpy()
    np.testing.assert_allclose(grading.network(batch), expected, atol=1e-3)


def test_missing_grading_model_is_no_refusal_and_no_source(models_folder):
    models = load_models(*models_folder, Backend.TORCH)

    assert models.gradings == {}
    assert all(model.temperature == 1.0 for model in models.discs.values())


def test_grading_model_that_nobody_approved_is_refused(models_folder):
    _, folder, approved = with_grading(models_folder)
    del approved[grading_name(Scale.BULGING)]

    with pytest.raises(ModelIntegrityError) as caught:
        load_models(folder, approved, Backend.TORCH)

    assert caught.value.code is Code.MODEL_NOT_APPROVED


def test_network_of_other_answers_than_the_card_says_is_invalid(models_folder):
    _, *installed = with_grading(models_folder, answers=4)

    with pytest.raises(ModelIntegrityError) as caught:
        load_models(*installed, Backend.TORCH)

    assert caught.value.code is Code.MODEL_INVALID


def test_reference_carries_the_population_of_origin(models_folder):
    models = load_models(*models_folder, Backend.TORCH)

    assert {reference.population for reference in models.references} == {"none: untrained"}
