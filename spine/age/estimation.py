"""Spine age: who may have one, and what it is."""

import math
from dataclasses import dataclass, replace

from spine.age.bias import correct_bias
from spine.anatomy.levels import Level
from spine.dicom.study import PatientFacts
from spine.errors import Code, Refusal
from spine.findings import AgeEstimate, Evidence, Segmentation
from spine.inference.evidence import withhold
from spine.inference.models import BiasLine, Model
from spine.preprocessing.age import AgeSpec, age_input

_SUBJECT = "age"


@dataclass(frozen=True, slots=True)
class AgeSettings:
    """Limits of spine age.

    Attributes
    ----------
    minimum_years, maximum_years : completed years of age, both included (P1, section 2.2)
    highest_needed, lowest_needed : vertebrae that a whole spine must reach
    minimum_vertebrae : found in between; a spine has 23 to 25
    minimum_slope : of the bias line, below which its correction amplifies errors too much
    """

    minimum_years: int = 25
    maximum_years: int = 84
    highest_needed: Level = Level.C3
    lowest_needed: Level = Level.L4
    minimum_vertebrae: int = 20
    minimum_slope: float = 0.5


def estimate(
    patient: PatientFacts,
    segmentation: Segmentation | Refusal,
    model: Model[AgeSpec] | Refusal,
    settings: AgeSettings,
    minimum_evidence: Evidence,
) -> AgeEstimate | Refusal:
    """Estimate spine age, or say why not.

    The first reason that applies is given: no segmentation; age unknown or contradictory;
    age out of range; spine not whole; no model; bias correction unreliable; evidence too
    weak, in which case nothing is computed.

    Source
    ------
    P1, section 2.4.
    """
    if isinstance(segmentation, Refusal):
        return replace(segmentation, subject=_SUBJECT)
    years = _age(patient, settings)
    if isinstance(years, Refusal):
        return years
    coverage = _coverage_refusal(segmentation, settings)
    if coverage is not None:
        return coverage
    if isinstance(model, Refusal):
        return replace(model, subject=_SUBJECT)
    line = _reliable_line(model, settings)
    if isinstance(line, Refusal):
        return line
    evidence = Evidence.lowest(segmentation.model.evidence, model.reference.evidence)
    return withhold(evidence, minimum_evidence, _SUBJECT) or _estimate(
        years, segmentation, model, line, evidence
    )


def _estimate(
    years: float,
    segmentation: Segmentation,
    model: Model[AgeSpec],
    line: BiasLine,
    evidence: Evidence,
) -> AgeEstimate | Refusal:
    spine = age_input(segmentation.volume, segmentation.labels, model.spec)
    uncorrected = float(model.network(spine[None]).reshape(-1)[0])
    if not math.isfinite(uncorrected):
        return Refusal(Code.NOT_FINITE, "The network returned no finite age.", _SUBJECT)
    return AgeEstimate(
        chronological_age_years=years,
        uncorrected_age_years=uncorrected,
        predicted_age_years=correct_bias(uncorrected, line),
        evidence=evidence,
        model=model.reference,
        mean_absolute_error_years=model.mean_absolute_error_years,
    )


def _age(patient: PatientFacts, settings: AgeSettings) -> float | Refusal:
    if patient.age_refusal is not None:
        return replace(patient.age_refusal, subject=_SUBJECT)
    if patient.age_years is None:
        return Refusal(Code.AGE_UNKNOWN, "The patient's age is not known.", _SUBJECT)
    if not settings.minimum_years <= patient.age_years < settings.maximum_years + 1:
        reason = f"Outside {settings.minimum_years} to {settings.maximum_years} years of age."
        return Refusal(Code.AGE_OUT_OF_RANGE, reason, _SUBJECT)
    return patient.age_years


def _coverage_refusal(segmentation: Segmentation, settings: AgeSettings) -> Refusal | None:
    """Refuse a part of a spine, which the network was never trained on."""
    orders = [vertebra.level.order for vertebra in segmentation.geometry.vertebrae]
    is_whole = (
        segmentation.quality.vertebra_count >= settings.minimum_vertebrae
        and min(orders, default=math.inf) <= settings.highest_needed.order
        and max(orders, default=-math.inf) >= settings.lowest_needed.order
    )
    if is_whole:
        return None
    reason = (
        f"Spine age needs the whole spine from {settings.highest_needed} to "
        f"{settings.lowest_needed}; {segmentation.quality.vertebra_count} vertebrae were found."
    )
    return Refusal(Code.COVERAGE_TOO_SMALL, reason, _SUBJECT)


def _reliable_line(model: Model[AgeSpec], settings: AgeSettings) -> BiasLine | Refusal:
    if model.bias is None or model.bias.slope < settings.minimum_slope:
        reason = "The model's bias correction is unreliable on its validation cases."
        return Refusal(Code.BIAS_UNRELIABLE, reason, _SUBJECT)
    return model.bias
