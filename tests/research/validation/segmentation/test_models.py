import json
from pathlib import Path

import pytest

from research.validation.segmentation.models import read_unapproved

MODELS = Path(__file__).parents[4] / "models"


@pytest.mark.slow
def test_the_other_models_of_the_folder_need_no_approval():
    card = json.loads((MODELS / "spine-segmentation" / "card.json").read_text())
    assert len(list(MODELS.glob("*/card.json"))) > 1
    assert read_unapproved(MODELS).reference.version == card["version"]
