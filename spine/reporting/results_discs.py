"""Discs in results.json."""

from spine.anatomy.levels import DiscLevel
from spine.errors import Refusal
from spine.findings import Baseline, DiscAssessment, Grading, ScaleForecast
from spine.reporting.measures import Json, quantity
from spine.reporting.reasons import caution_content, refusal_content

_HORIZON_YEARS = 5.0


def disc_content(disc: DiscAssessment | Refusal) -> Json:
    """Turn an assessment into the schema's disc; a refusal has no forecasts."""
    if isinstance(disc, Refusal):
        level = disc.subject if disc.subject in set(DiscLevel) else None
        return {"level": level, "refusal": refusal_content(disc), "forecasts": [], "cautions": []}
    return {
        "level": str(disc.level),
        "refusal": None,
        "forecasts": [_forecast(item) for item in disc.forecasts],
        "cautions": [caution_content(caution) for caution in disc.cautions],
    }


def _forecast(item: ScaleForecast | Refusal) -> Json:
    if isinstance(item, Refusal):
        return {"refusal": refusal_content(item)}
    return {
        "refusal": None,
        "scale": str(item.scale),
        "baseline": None if item.baseline is None else _baseline(item.baseline),
        "grades": [int(grade) for grade in item.scale.grades],
        "probabilities": [float(value) for value in item.probabilities],
        "temperature": quantity(item.temperature, "1"),
        "predicted_grade": int(item.predicted_grade),
        "progression": str(item.progression),
        "progression_by_grade": str(item.grade_progression),
        "undetermined": None if item.undetermined is None else str(item.undetermined),
        "progression_probability": quantity(item.progression_probability, "1"),
        "horizon": quantity(_HORIZON_YEARS, "years"),
        "evidence": str(item.evidence),
        "model": item.model.name,
    }


def _baseline(baseline: Baseline) -> Json:
    return {
        "grade": int(baseline.grade),
        "or_more": baseline.is_open,
        "kind": str(baseline.kind),
        "source": baseline.source,
        "grading": None if baseline.grading is None else _grading(baseline.grading),
    }


def _grading(grading: Grading) -> Json:
    return {
        "classes": [list(one) for one in grading.classes],
        "probabilities": list(grading.probabilities),
        "model": grading.model.name,
    }
