"""The service's own chain on an image at hand: segmentation, then age, with their gates."""

from dataclasses import replace
from functools import cache
from hashlib import sha256
from pathlib import Path

import numpy as np

from spine import pipeline
from spine.anatomy.labels import TissueClass
from spine.dicom.study import PatientFacts, Selection, Study
from spine.errors import Refusal
from spine.findings import AgeEstimate, Evidence, Segmentation
from spine.imaging.volume import LabelMap, Volume
from spine.inference.approval import Approval
from spine.inference.backends import Backend
from spine.inference.cards import CARD_FILE
from spine.inference.loading import load_models
from spine.inference.models import AGE_NAME, SEGMENTATION_NAME, Models
from spine.segmentation.segmenter import Prediction, interpret

# Weak evidence would withhold every age before it is computed.
SETTINGS = pipeline.ScienceSettings(minimum_evidence=Evidence.SYNTHETIC)
_UID = "1.2.3"


@cache
def models_of(folder: Path) -> Models:
    """Load segmentation and age model on OpenVINO, whatever anybody approved; once a process."""
    return load_models(folder, _as_they_are(folder), Backend.OPENVINO)


def fingerprint(folder: Path) -> str:
    """Name the two models by their cards, so that outcomes of others are not taken for theirs."""
    found = _as_they_are(folder)
    return "-".join(found[name].card_sha256[:8] for name in (SEGMENTATION_NAME, AGE_NAME))


def selection_of(volume: Volume, age_years: float | None) -> Selection:
    """Return a volume as if it had been selected of a study of a patient of that age."""
    patient = PatientFacts("", "", None, "", None, age_years, None)
    return Selection(Study(_UID, patient, ()), None, (), volume, (), None)


def segment(volume: Volume, age_years: float | None, models: Models) -> Segmentation | Refusal:
    """Segment as the service does."""
    return pipeline.segment(selection_of(volume, age_years), models, SETTINGS)


def estimate(
    segmentation: Segmentation | Refusal, age_years: float | None, models: Models
) -> AgeEstimate | Refusal:
    """Estimate as the service does, of a patient of that age."""
    volume = Volume(np.zeros((1, 1, 1), np.float32), np.eye(4))
    return pipeline.estimate_age(selection_of(volume, age_years), segmentation, models, SETTINGS)


def without_mask(volume: Volume, age_years: float, models: Models) -> Segmentation | Refusal:
    """Return what the service makes of networks that find nothing."""
    background = np.full(volume.data.shape, TissueClass.BACKGROUND, dtype=np.uint8)
    nothing = Prediction(LabelMap(background, volume.affine))
    return interpret(volume, nothing, models.segmentation, SETTINGS.segmentation, age_years)


def read_study(folder: Path, models: Models) -> AgeEstimate | Refusal:
    """Load, select, segment and estimate the study in a folder of DICOM files."""
    selection = pipeline.select(pipeline.load(folder, SETTINGS), SETTINGS)
    if selection.refusal is not None:
        return replace(selection.refusal, subject="age")
    segmentation = pipeline.segment(selection, models, SETTINGS)
    return pipeline.estimate_age(selection, segmentation, models, SETTINGS)


def _as_they_are(folder: Path) -> dict[str, Approval]:
    return {
        path.parent.name: Approval(sha256(path.read_bytes()).hexdigest(), Evidence.SYNTHETIC)
        for path in sorted(folder.glob(f"*/{CARD_FILE}"))
    }
