"""The chain in six functions, and `analyze`, which calls them in order.

Each operator of the graph calls exactly one of these functions; research and
tests call `analyze`. A refusal is a result and is passed on; an exception means
that nothing can be written.
"""

from dataclasses import dataclass, field
from pathlib import Path

from spine.age.estimation import AgeSettings
from spine.age.estimation import estimate as _estimate_age
from spine.degeneration.progression import DegenerationSettings
from spine.degeneration.progression import predict as _predict
from spine.dicom.loading import LoadingSettings, StudySource
from spine.dicom.loading import load as _load
from spine.dicom.selection import SelectionSettings
from spine.dicom.selection import select as _select
from spine.dicom.study import Selection, Study
from spine.errors import Refusal
from spine.findings import AgeEstimate, DiscAssessment, Evidence, Findings, Segmentation
from spine.inference.models import Models
from spine.reporting.writing import Outcome, RunContext, WritingSettings
from spine.reporting.writing import write as _write
from spine.segmentation.segmenter import SegmentationSettings
from spine.segmentation.segmenter import segment as _segment


@dataclass(frozen=True, slots=True)
class ScienceSettings:
    """Everything that can change a number; its hash is part of every result's identity.

    Attributes
    ----------
    minimum_evidence : a result of weaker evidence is withheld with ``MODEL_NOT_VALIDATED``
    """

    minimum_evidence: Evidence = Evidence.RETROSPECTIVE
    loading: LoadingSettings = field(default_factory=LoadingSettings)
    selection: SelectionSettings = field(default_factory=SelectionSettings)
    segmentation: SegmentationSettings = field(default_factory=SegmentationSettings)
    age: AgeSettings = field(default_factory=AgeSettings)
    degeneration: DegenerationSettings = field(default_factory=DegenerationSettings)
    writing: WritingSettings = field(default_factory=WritingSettings)


def load(source: Path | StudySource, settings: ScienceSettings) -> Study:
    """Read the headers of one study; a folder may hold earlier reports in ``priors``."""
    where = source if isinstance(source, StudySource) else StudySource(source)
    return _load(where.folder, settings.loading, where.priors)


def select(study: Study, settings: ScienceSettings) -> Selection:
    """Choose the sagittal T2 series and decode it."""
    return _select(study, settings.selection)


def segment(
    selection: Selection, models: Models, settings: ScienceSettings
) -> Segmentation | Refusal:
    """Segment the spine, name and measure its levels."""
    return _segment(selection, models.segmentation, settings.segmentation)


def estimate_age(
    selection: Selection,
    segmentation: Segmentation | Refusal,
    models: Models,
    settings: ScienceSettings,
) -> AgeEstimate | Refusal:
    """Estimate spine age (P1)."""
    return _estimate_age(
        selection.study.patient, segmentation, models.age, settings.age, settings.minimum_evidence
    )


def predict_progression(
    selection: Selection,
    segmentation: Segmentation | Refusal,
    models: Models,
    settings: ScienceSettings,
) -> tuple[DiscAssessment | Refusal, ...]:
    """Predict every lumbar disc's grades in five years (P2)."""
    return _predict(
        selection, segmentation, models, settings.degeneration, settings.minimum_evidence
    )


def write(
    findings: Findings, models: Models, run: RunContext, settings: ScienceSettings
) -> Outcome:
    """Write results.json, DICOM objects and pictures into ``run.output``."""
    return _write(findings, models.references, run, settings.writing)


def analyze(
    source: Path | StudySource, models: Models, run: RunContext, settings: ScienceSettings
) -> Outcome:
    """Run the whole chain without the framework."""
    selection = select(load(source, settings), settings)
    segmentation = segment(selection, models, settings)
    age = estimate_age(selection, segmentation, models, settings)
    discs = predict_progression(selection, segmentation, models, settings)
    return write(Findings(selection, segmentation, age, discs), models, run, settings)
