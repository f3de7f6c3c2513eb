import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch

from spine.anatomy.grades import Scale
from spine.errors import Code, ModelIntegrityError, Refusal
from spine.findings import Evidence
from spine.inference.backends import Backend
from spine.inference.loading import load_models
from spine.inference.models import AGE_NAME, SEGMENTATION_NAME, Model, disc_name


def random_batch(*shape):
    return np.random.default_rng(5).normal(2, 3, size=shape).astype(np.float32)


@pytest.mark.parametrize("backend", Backend)
def test_loaded_networks_compute_what_the_saved_ones_did(models_folder, networks, backend):
    models = load_models(*models_folder, backend)

    for model, network in (
        (models.segmentation, networks["segmentation"]),
        (models.age, networks["age"]),
        (models.discs[Scale.PFIRRMANN], networks[Scale.PFIRRMANN]),
    ):
        batch = random_batch(2, *model.spec.network_shape)
        with torch.inference_mode():
            expected = network(torch.from_numpy(batch)).numpy()
        np.testing.assert_allclose(model.network(batch), expected, atol=1e-3)


def test_references_name_segmentation_then_age_then_discs(models_folder):
    models = load_models(*models_folder, Backend.TORCH)

    assert [reference.name for reference in models.references] == [
        SEGMENTATION_NAME,
        AGE_NAME,
        *(disc_name(scale) for scale in sorted(Scale)),
    ]
    assert models.age.bias.slope == 0.8
    assert models.age.mean_absolute_error_years == 4.5
    assert models.references[0].card_sha256 == models_folder[1][SEGMENTATION_NAME].card_sha256


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
