from hashlib import sha256
from pathlib import Path

import pytest

from spine.anatomy.grades import Scale
from spine.findings import Evidence
from spine.inference.approval import Approval, read_approved
from spine.inference.backends import Backend
from spine.inference.loading import load_models
from spine.inference.models import AGE_NAME, SEGMENTATION_NAME, Model, disc_name, grading_name

MODELS = Path(__file__).parents[3] / "models"
GRADINGS = [grading_name(scale) for scale in Scale]
NAMES = [SEGMENTATION_NAME, AGE_NAME, *(disc_name(scale) for scale in Scale), *GRADINGS]
# Met their targets on patients out of fold; every other model's figures rest on phantoms.
RETROSPECTIVE = {grading_name(Scale.PFIRRMANN), grading_name(Scale.BULGING)}


def approval(name):
    digest = sha256((MODELS / name / "card.json").read_bytes()).hexdigest()
    return {name: Approval(digest, Evidence.PROSPECTIVE)}


@pytest.mark.parametrize("name", NAMES)
def test_shipped_folder_is_exactly_what_its_card_says(name):
    found = read_approved(MODELS / name, approval(name))

    on_patients = found.card.name in RETROSPECTIVE
    assert found.reference.evidence is (
        Evidence.RETROSPECTIVE if on_patients else Evidence.SYNTHETIC
    )
    assert "not for patients" in found.card.intended_use
    assert all(len(data) <= 16 * 2**20 for data in found.files.values())


def test_shipped_models_load():
    approved = {key: value for name in NAMES for key, value in approval(name).items()}

    models = load_models(MODELS, approved, Backend.TORCH)

    assert isinstance(models.age, Model)
    assert models.age.mean_absolute_error_years is not None
    assert all(isinstance(models.discs[scale], Model) for scale in Scale)
    assert {grading_name(scale) for scale in models.gradings} == set(GRADINGS)
