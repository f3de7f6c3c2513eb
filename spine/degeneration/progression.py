"""Five-year progression of every lumbar disc on three scales (P2)."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spine.anatomy.geometry import DiscGeometry
from spine.anatomy.grades import Progression, Scale
from spine.anatomy.levels import DiscLevel
from spine.degeneration.baseline import Baselines, read_baselines
from spine.dicom.study import Study
from spine.errors import Code, OutOfFieldError, Refusal
from spine.findings import (
    Baseline,
    DiscAssessment,
    Evidence,
    Quality,
    ScaleForecast,
    Segmentation,
)
from spine.inference.evidence import withhold
from spine.inference.models import Model
from spine.preprocessing.disc import DiscSpec, disc_input

LUMBAR = (
    DiscLevel.L1_L2,
    DiscLevel.L2_L3,
    DiscLevel.L3_L4,
    DiscLevel.L4_L5,
    DiscLevel.L5_S1,
)


@dataclass(frozen=True, slots=True)
class DegenerationSettings:
    """Where baseline grades are kept.

    Attributes
    ----------
    baseline_table : CSV with the columns of `spine.degeneration.baseline`; None without one
    """

    baseline_table: Path | None = None


def predict(
    study: Study,
    segmentation: Segmentation | Refusal,
    models: Mapping[Scale, Model[DiscSpec] | Refusal],
    settings: DegenerationSettings,
    minimum_evidence: Evidence,
) -> tuple[DiscAssessment | Refusal, ...]:
    """Forecast the five lumbar discs and every further one that was found, head to foot.

    For a disc, the first reason that applies is given: no segmentation; levels uncertain;
    disc not found. For a scale of a disc: no model; baseline invalid; region out of the
    image; evidence too weak, in which case nothing is computed; no finite answer.

    Source
    ------
    P2, Prediction Pipeline.
    """
    if isinstance(segmentation, Refusal):
        return tuple(replace(segmentation, subject=level.value) for level in LUMBAR)
    if not segmentation.quality.levels_certain:
        return tuple(_uncertain(level, segmentation.quality) for level in LUMBAR)
    baselines: Baselines = {}
    if settings.baseline_table is not None:
        baselines = read_baselines(settings.baseline_table, study.study_instance_uid, study.patient)
    forecaster = _Forecaster(segmentation, models, baselines, minimum_evidence)
    return tuple(forecaster.assess(level) for level in _levels(segmentation))


def _levels(segmentation: Segmentation) -> list[DiscLevel]:
    found = {disc.level for disc in segmentation.geometry.discs if disc.level.is_lumbar}
    return sorted({*LUMBAR, *found}, key=lambda level: (level.above.order, level.below.order))


def _uncertain(level: DiscLevel, quality: Quality) -> Refusal:
    doubts = [doubt.reason for doubt in quality.cautions if doubt.code is Code.LEVEL_UNCERTAIN]
    reason = doubts[0] if doubts else "The names of the levels are uncertain."
    return Refusal(Code.LEVEL_UNCERTAIN, reason, level.value)


@dataclass(frozen=True, slots=True)
class _Forecaster:
    """What all discs of one study share."""

    segmentation: Segmentation
    models: Mapping[Scale, Model[DiscSpec] | Refusal]
    baselines: Baselines
    minimum_evidence: Evidence

    def assess(self, level: DiscLevel) -> DiscAssessment | Refusal:
        geometry = self.segmentation.geometry
        disc = geometry.disc(level)
        if disc is None or not math.isfinite(geometry.mean_width_mm):
            return Refusal(Code.DISC_NOT_FOUND, "The disc was not found.", level.value)
        return DiscAssessment(level, tuple(self._forecast(disc, scale) for scale in Scale))

    def _forecast(self, disc: DiscGeometry, scale: Scale) -> ScaleForecast | Refusal:
        subject = f"{disc.level.value} {scale.value}"
        model = self.models[scale]
        if isinstance(model, Refusal):
            return replace(model, subject=subject)
        baseline = self.baselines.get((disc.level, scale))
        if isinstance(baseline, Refusal):
            return baseline
        width_mm = self.segmentation.geometry.mean_width_mm
        try:
            region = disc_input(self.segmentation.volume, disc.frame, width_mm, model.spec)
        except OutOfFieldError as error:
            return Refusal(error.code, error.reason, subject)
        evidence = Evidence.lowest(self.segmentation.model.evidence, model.reference.evidence)
        withheld = withhold(evidence, self.minimum_evidence, subject)
        if withheld is not None:
            return withheld
        logits = model.network(region[None])[0]
        if not np.isfinite(logits).all():
            return Refusal(Code.NOT_FINITE, "The network returned no finite numbers.", subject)
        return _forecast(model, _softmax(logits), baseline, evidence)


def _forecast(
    model: Model[DiscSpec],
    probabilities: NDArray[np.float64],
    baseline: Baseline | None,
    evidence: Evidence,
) -> ScaleForecast:
    """Take the grade of highest probability (P2) and compare it with the baseline."""
    scale = model.spec.scale
    grades = [int(grade) for grade in scale.grades]
    predicted = grades[int(np.argmax(probabilities))]
    progress = None
    if baseline is not None:
        above = [grade > baseline.grade for grade in grades]
        progress = float(probabilities[above].sum())
    return ScaleForecast(
        scale=scale,
        baseline=baseline,
        probabilities=tuple(float(probability) for probability in probabilities),
        predicted_grade=predicted,
        progression=progression_from_grades(scale, baseline, predicted),
        progression_probability=progress,
        evidence=evidence,
        model=model.reference,
    )


def progression_from_grades(
    scale: Scale, baseline: Baseline | None, predicted_grade: int
) -> Progression:
    """Name what becomes of a grade; the highest cannot progress and is not at risk."""
    if baseline is None:
        return Progression.UNDETERMINED
    if baseline.grade == max(scale.grades):
        return Progression.NOT_AT_RISK
    if predicted_grade > baseline.grade:
        return Progression.PROGRESSED
    if predicted_grade < baseline.grade:
        return Progression.IMPROVED
    return Progression.UNCHANGED


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    shifted = np.exp(logits.astype(np.float64) - logits.max())
    probabilities: NDArray[np.float64] = shifted / shifted.sum()
    return probabilities
