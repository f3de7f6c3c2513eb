"""Models on disk beside what was approved."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from app.settings import Settings
from spine.errors import Code, ModelIntegrityError
from spine.findings import Evidence
from spine.inference.approval import Approval, ApprovedFolder, read_approved
from spine.inference.cards import CARD_FILE, card_from_json


def approvals(settings: Settings) -> dict[str, Approval]:
    """Return the approved models by name."""
    return {
        name: Approval(approval.card_sha256, Evidence(approval.evidence))
        for name, approval in settings.models.approved.items()
    }


def model_lines(folder: Path, settings: Settings) -> Iterator[str]:
    """Yield one line a model: name, version, evidence, and what the approval says."""
    approved = approvals(settings)
    for card in sorted(folder.glob(f"*/{CARD_FILE}")):
        try:
            found = read_approved(card.parent, approved)
        except ModelIntegrityError as error:
            yield f"{card.parent.name}  {error.code}"
        else:
            evidence = found.reference.evidence.value
            yield f"{found.card.name}  {found.card.version}  {evidence}  approved"


def approved_models(settings: Settings) -> list[ApprovedFolder]:
    """Read every model of the settings' folder.

    Raises
    ------
    ModelIntegrityError
        At the first that is not exactly what was approved.
    """
    cards = sorted(settings.models.folder.glob(f"*/{CARD_FILE}"))
    return [read_approved(card.parent, approvals(settings)) for card in cards]


def approval_entry(folder: Path) -> str:
    """Return the lines for ``site.yaml`` that approve a model for the evidence of its card.

    Raises
    ------
    ModelIntegrityError
        If there is no such model, its card is invalid, or its files are not those of its card.
    """
    path = folder / CARD_FILE
    if not path.is_file():
        raise ModelIntegrityError(Code.MODEL_MISSING, f"{folder.name}: no such model")
    content = path.read_bytes()
    card = card_from_json(content)
    digest = sha256(content).hexdigest()
    read_approved(folder, {folder.name: Approval(digest, card.evidence)})
    return "\n".join(
        (
            "models:",
            "  approved:",
            f"    {card.name}:",
            f"      card_sha256: {digest}",
            f"      evidence: {card.evidence.value}",
        )
    )
