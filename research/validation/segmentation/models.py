"""Models that are measured before anybody approves them."""

from hashlib import sha256
from pathlib import Path

from spine.findings import Evidence
from spine.inference.approval import Approval
from spine.inference.backends import Backend, Hardware
from spine.inference.cards import CARD_FILE
from spine.inference.loading import load_segmentation
from spine.inference.models import SEGMENTATION_NAME, SegmentationModel


def read_unapproved(
    models: Path, backend: Backend = Backend.OPENVINO, threads: int = 1
) -> SegmentationModel:
    """Load a segmentation model whose card is taken as it stands; its files must fit the card.

    Parameters
    ----------
    models : folder of all models
    """
    card = sha256((models / SEGMENTATION_NAME / CARD_FILE).read_bytes()).hexdigest()
    approved = {SEGMENTATION_NAME: Approval(card, Evidence.SYNTHETIC)}
    return load_segmentation(
        models / SEGMENTATION_NAME, approved, Hardware(backend, threads=threads)
    )
