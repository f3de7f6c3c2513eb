from hashlib import sha256

import pytest
from pydantic import ValidationError

from research.export import data_of, write_model
from spine.findings import Evidence
from spine.inference.approval import Approval, read_approved

FACTS = {
    "name": "age-dcnn",
    "version": "0.1.0",
    "input": {"kind": "age"},
    "data": data_of("phantoms", 3, 2, 1),
    "metrics": (),
}


def test_exported_folder_is_what_loading_accepts(tmp_path):
    card_sha256 = write_model(tmp_path, {"weights.safetensors": b"abc"}, **FACTS)

    approved = {"age-dcnn": Approval(card_sha256, Evidence.PROSPECTIVE)}
    found = read_approved(tmp_path / "age-dcnn", approved)

    assert found.files == {"weights.safetensors": b"abc"}
    assert found.reference.evidence is Evidence.SYNTHETIC
    assert "no clinical performance is claimed" in found.card.intended_use
    assert found.card.files["weights.safetensors"] == sha256(b"abc").hexdigest()


def test_same_content_gives_the_same_card(tmp_path):
    first, second = (
        write_model(tmp_path / name, {"weights.safetensors": b"abc"}, **FACTS) for name in "ab"
    )

    assert first == second


def test_evidence_cannot_be_claimed_without_patients(tmp_path):
    with pytest.raises(ValidationError):
        write_model(tmp_path, {}, **{**FACTS, "evidence": "retrospective"})
