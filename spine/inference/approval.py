"""Approval: only models whose card hash a person approved are loaded."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from spine.errors import Code, ModelIntegrityError
from spine.findings import Evidence, ModelReference
from spine.inference.cards import CARD_FILE, Card, card_from_json


@dataclass(frozen=True, slots=True)
class Approval:
    """A card's SHA-256 and the evidence that the site approved it for."""

    card_sha256: str
    evidence: Evidence


@dataclass(frozen=True, slots=True, eq=False)
class ApprovedFolder:
    """A model folder that passed every check, its files read once.

    Attributes
    ----------
    files : content of every file that the card lists, hashes checked on these very bytes
    """

    card: Card
    reference: ModelReference
    files: Mapping[str, bytes]


def read_approved(folder: Path, approved: Mapping[str, Approval]) -> ApprovedFolder:
    """Read a model folder, refusing whatever is not exactly what was approved.

    Order of the checks: the card's hash is approved (``MODEL_NOT_APPROVED``), the card is
    valid and of this folder (``MODEL_INVALID``), the folder holds the listed files, no
    other, unchanged (``MODEL_TAMPERED``). Bytes are read once, so that what is checked is
    what is loaded.

    Raises
    ------
    ModelIntegrityError
    """
    content = {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}
    card_bytes = content.pop(CARD_FILE, b"")
    card_sha256 = sha256(card_bytes).hexdigest()
    approval = approved.get(folder.name)
    if approval is None or approval.card_sha256 != card_sha256:
        raise _error(Code.MODEL_NOT_APPROVED, folder, "its card is not an approved one")
    card = card_from_json(card_bytes)
    if card.name != folder.name:
        raise _error(Code.MODEL_INVALID, folder, "its card names another model")
    if {name: sha256(data).hexdigest() for name, data in content.items()} != card.files:
        raise _error(Code.MODEL_TAMPERED, folder, "its files are not those of its card")
    evidence = Evidence.lowest(card.evidence, approval.evidence)
    reference = ModelReference(card.name, card.version, card_sha256, evidence, card.data.origin)
    return ApprovedFolder(card, reference, content)


def _error(code: Code, folder: Path, reason: str) -> ModelIntegrityError:
    return ModelIntegrityError(code, f"{folder.name}: {reason}")
