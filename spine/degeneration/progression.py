"""Five-year progression of every lumbar disc on three scales (P2)."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from spine.anatomy.grades import BaselineKind, Scale
from spine.anatomy.levels import LUMBAR_DISCS, DiscLevel
from spine.degeneration import limits
from spine.degeneration.asking import Answer, DiscView, ask
from spine.degeneration.grading import baseline_from_model, usable_gradings
from spine.degeneration.known import Known, known_baselines
from spine.degeneration.limits import MarkedDeformity
from spine.degeneration.states import judge
from spine.dicom.study import Selection
from spine.errors import Caution, Code, OutOfFieldError, Refusal
from spine.findings import (
    STUDY,
    Baseline,
    DiscAssessment,
    Evidence,
    Quality,
    ScaleForecast,
    Segmentation,
)
from spine.inference.evidence import withhold
from spine.inference.models import GradingModel, Model, Models
from spine.preprocessing.disc import DiscSpec


@dataclass(frozen=True, slots=True)
class DegenerationSettings:
    """Where baseline grades come from, and what is said beside a prediction.

    Attributes
    ----------
    baseline_table : CSV with the columns of `spine.degeneration.baseline`; None without one
    prior_grade_days : a grade in an earlier report counts if its study is no further away;
        6 months is P2's own tolerance of a time point (Dataset)
    marked_deformity : from where on a deformity is cautioned about
    """

    baseline_table: Path | None = None
    prior_grade_days: int = 183
    marked_deformity: MarkedDeformity = field(default_factory=MarkedDeformity)


def predict(
    selection: Selection,
    segmentation: Segmentation | Refusal,
    models: Models,
    settings: DegenerationSettings,
    minimum_evidence: Evidence,
) -> tuple[DiscAssessment | Refusal, ...]:
    """Forecast the five lumbar discs and every further one that was found, head to foot.

    For a disc, the first reason that applies is given: no segmentation, or one that cannot be
    right; levels uncertain; disc not found; its own masks cannot be right. For a scale of a
    disc: no model; baseline invalid; region out of the image; evidence too weak, in which case
    nothing is computed; no finite answer.

    Source
    ------
    P2, Prediction Pipeline; sources of a baseline grade and their order: docs/adr/0096.
    """
    if isinstance(segmentation, Refusal):
        return tuple(replace(segmentation, subject=level.value) for level in LUMBAR_DISCS)
    implausible = segmentation.quality.refusal(STUDY)
    if implausible is not None:
        return tuple(replace(implausible, subject=level.value) for level in LUMBAR_DISCS)
    if not segmentation.quality.levels_certain:
        return tuple(_uncertain(level, segmentation.quality) for level in LUMBAR_DISCS)
    known = known_baselines(selection.study, settings.baseline_table, settings.prior_grade_days)
    gradings, weak = usable_gradings(models, segmentation.model.evidence, minimum_evidence)
    forecaster = _Forecaster(
        segmentation,
        models.discs,
        gradings,
        Known(known.baselines, (*known.cautions, *weak)),
        minimum_evidence,
        limits.cautions(selection, segmentation.geometry, settings.marked_deformity),
    )
    return tuple(forecaster.assess(level) for level in _levels(segmentation))


def _levels(segmentation: Segmentation) -> list[DiscLevel]:
    found = {disc.level for disc in segmentation.geometry.discs if disc.level.is_lumbar}
    return sorted({*LUMBAR_DISCS, *found}, key=lambda level: (level.above.order, level.below.order))


def _uncertain(level: DiscLevel, quality: Quality) -> Refusal:
    doubts = [doubt.reason for doubt in quality.cautions if doubt.code is Code.LEVEL_UNCERTAIN]
    reason = doubts[0] if doubts else "The names of the levels are uncertain."
    return Refusal(Code.LEVEL_UNCERTAIN, reason, level.value)


@dataclass(frozen=True, slots=True)
class _Forecaster:
    """What all discs of one study share.

    Attributes
    ----------
    known : what was read; its cautions concern discs of which nothing was
    cautions : that concern every forecast
    """

    segmentation: Segmentation
    models: Mapping[Scale, Model[DiscSpec] | Refusal]
    gradings: Mapping[Scale, GradingModel]
    known: Known
    minimum_evidence: Evidence
    cautions: tuple[Caution, ...]

    def assess(self, level: DiscLevel) -> DiscAssessment | Refusal:
        geometry = self.segmentation.geometry
        disc = geometry.disc(level)
        if disc is None or not math.isfinite(geometry.mean_width_mm):
            return Refusal(Code.DISC_NOT_FOUND, "The disc was not found.", level.value)
        implausible = self.segmentation.quality.refusal(level.value)
        if implausible is not None:
            return implausible
        view = DiscView(self.segmentation.volume, disc, geometry.mean_width_mm)
        forecasts = tuple(self._forecast(view, scale) for scale in Scale)
        given = [item for item in forecasts if isinstance(item, ScaleForecast)]
        if not given:
            return DiscAssessment(level, forecasts)
        cautions = self.cautions if all(map(_is_read, given)) else self._all_cautions
        return DiscAssessment(level, forecasts, cautions, view.seen())

    @property
    def _all_cautions(self) -> tuple[Caution, ...]:
        return (*self.cautions, *self.known.cautions)

    def _forecast(self, view: DiscView, scale: Scale) -> ScaleForecast | Refusal:
        subject = f"{view.disc.level.value} {scale.value}"
        model = self.models[scale]
        if isinstance(model, Refusal):
            return replace(model, subject=subject)
        baseline = self.known.baselines.get((view.disc.level, scale))
        if isinstance(baseline, Refusal):
            return baseline
        try:
            region = view.region(model.spec)
        except OutOfFieldError as error:
            return Refusal(error.code, error.reason, subject)
        evidence = Evidence.lowest(self.segmentation.model.evidence, model.reference.evidence)
        withheld = withhold(evidence, self.minimum_evidence, subject)
        if withheld is not None:
            return withheld
        answer = ask(model, region)
        if answer is None:
            return Refusal(Code.NOT_FINITE, "The network returned no finite numbers.", subject)
        if baseline is None and scale in self.gradings:
            baseline = baseline_from_model(self.gradings[scale], view)
        return _forecast(model, answer, baseline, evidence)


def _is_read(forecast: ScaleForecast) -> bool:
    return forecast.baseline is not None and forecast.baseline.kind is not BaselineKind.MODEL


def _forecast(
    model: Model[DiscSpec], answer: Answer, baseline: Baseline | None, evidence: Evidence
) -> ScaleForecast:
    """Take the grade of highest probability (P2) and compare it with the baseline."""
    scale = model.spec.scale
    (predicted,) = scale.classes[answer.index]
    verdict = judge(scale, baseline, answer.probabilities, predicted)
    if baseline is not None and baseline.grading is not None:
        evidence = Evidence.lowest(evidence, baseline.grading.model.evidence)
    return ScaleForecast(
        scale=scale,
        baseline=baseline,
        probabilities=tuple(float(probability) for probability in answer.probabilities),
        predicted_grade=predicted,
        progression=verdict.progression,
        progression_probability=verdict.probability,
        evidence=evidence,
        model=model.reference,
        grade_progression=verdict.by_grade,
        undetermined=verdict.undetermined,
        temperature=model.temperature,
    )
