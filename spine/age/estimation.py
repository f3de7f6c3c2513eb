"""Spine age: who may have one, and what it is."""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from spine.age.bias import correct_bias
from spine.age.cells import Box
from spine.age.heat import LastBlock, age_heat
from spine.age.image_quality import artifact_refusal
from spine.age.interval import interval_at
from spine.age.novelty import feature_distance
from spine.anatomy.levels import Level
from spine.dicom.study import PatientFacts
from spine.errors import Code, Refusal
from spine.findings import STUDY, AgeEstimate, Evidence, Segmentation
from spine.findings_heat import LimitedValue
from spine.inference.evidence import withhold
from spine.inference.models import AgeModel, AgeNetwork, BiasLine
from spine.preprocessing.age import age_input

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
    model: AgeModel | Refusal,
    settings: AgeSettings,
    minimum_evidence: Evidence,
) -> AgeEstimate | Refusal:
    """Estimate spine age, or say why not.

    The first reason that applies is given: no segmentation; age unknown or contradictory;
    age out of range; masks that cannot be right; spine not whole; no model; bias correction
    unreliable; evidence too weak, in which case nothing is computed; an image spoiled by
    artifacts; no finite age; a spine unlike those that the model was trained on.

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
    model: AgeModel,
    line: BiasLine,
    evidence: Evidence,
) -> AgeEstimate | Refusal:
    seen = _see(segmentation, model)
    if isinstance(seen, Refusal):
        return seen
    last, distance, box = seen
    predicted = correct_bias(last.age_years, line)
    return AgeEstimate(
        chronological_age_years=years,
        uncorrected_age_years=last.age_years,
        predicted_age_years=predicted,
        evidence=evidence,
        model=model.reference,
        mean_absolute_error_years=model.mean_absolute_error_years,
        interval=interval_at(model.intervals, years, predicted - years),
        heat=age_heat(last, box, model.heat_limits),
        feature_distance=distance,
        detectable_change_years=model.detectable_change_years,
    )


def _see(
    segmentation: Segmentation, model: AgeModel
) -> tuple[LastBlock, LimitedValue | None, Box] | Refusal:
    """Run the network on an image that is fit for it, and hold what it saw against its training."""
    volume, labels = segmentation.volume, segmentation.labels
    spoiled = artifact_refusal(volume, labels, model.image_limits, _SUBJECT)
    if spoiled is not None:
        return spoiled
    spine = age_input(volume, labels, model.spec)
    last = _last_block(model.network, spine)
    if isinstance(last, Refusal):
        return last
    distance = _feature_distance(model, last)
    if distance is not None and distance.is_exceeded:
        reason = "The image differs from those that the age model was trained on."
        return Refusal(Code.OUT_OF_DISTRIBUTION, reason, _SUBJECT)
    return last, distance, Box(spine, labels, model.spec)


def _last_block(network: AgeNetwork, spine: NDArray[np.float32]) -> LastBlock | Refusal:
    """Return what the network's last block sees, if nothing on the way to an age is not finite.

    Input and map are looked at too: maxima and rectifications can turn NaN into an age.
    """
    if not np.isfinite(spine).all():
        return Refusal(Code.NOT_FINITE, "The network's input is not finite.", _SUBJECT)
    last = LastBlock(network.block(spine), network.head)
    if np.isfinite(last.map).all() and math.isfinite(last.age_years):
        return last
    return Refusal(Code.NOT_FINITE, "The network returned no finite age.", _SUBJECT)


def _feature_distance(model: AgeModel, last: LastBlock) -> LimitedValue | None:
    if model.features is None:
        return None
    distance = feature_distance(last.head.features(last.map), model.features)
    return LimitedValue(distance, model.features.limit.distance)


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
    """Refuse implausible masks, and a part of a spine, which the network never saw."""
    implausible = segmentation.quality.refusal(STUDY)
    if implausible is not None:
        return replace(implausible, subject=_SUBJECT)
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


def _reliable_line(model: AgeModel, settings: AgeSettings) -> BiasLine | Refusal:
    if model.bias is None or model.bias.slope < settings.minimum_slope:
        reason = "The model's bias correction is unreliable on its validation cases."
        return Refusal(Code.BIAS_UNRELIABLE, reason, _SUBJECT)
    return model.bias
