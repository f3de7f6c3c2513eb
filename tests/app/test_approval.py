from pathlib import Path

import pytest

from app.approval import approvals
from app.settings import load_settings
from spine.inference.approval import read_approved

MODELS = Path(__file__).parents[2] / "models"


def test_every_shipped_model_is_approved_and_every_approval_shipped() -> None:
    approved = approvals(load_settings(environ={}))
    shipped = {path.parent.name for path in MODELS.glob("*/card.json")}
    assert set(approved) == shipped
    for name in shipped:
        read_approved(MODELS / name, approved)


def test_no_shipped_model_claims_more_than_its_card() -> None:
    approved = approvals(load_settings(environ={}))
    if not approved:
        pytest.skip("no models are shipped yet")
    for name, approval in approved.items():
        found = read_approved(MODELS / name, approved)
        assert approval.evidence == found.card.evidence
