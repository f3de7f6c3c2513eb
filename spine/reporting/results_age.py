"""Spine age in results.json."""

from spine.errors import Refusal
from spine.findings import AgeEstimate, AgeInterval
from spine.findings_heat import AgeHeat
from spine.reporting.measures import Json, limited, quantity
from spine.reporting.reasons import caution_content, refusal_content


def age_content(age: AgeEstimate | Refusal) -> Json:
    """Turn an estimate into the schema's age; a refusal stands alone."""
    if isinstance(age, Refusal):
        return {"refusal": refusal_content(age)}
    return {
        "refusal": None,
        "chronological_age": quantity(age.chronological_age_years, "years"),
        "uncorrected_age": quantity(age.uncorrected_age_years, "years"),
        "predicted_age": quantity(age.predicted_age_years, "years"),
        "age_gap": quantity(age.age_gap_years, "years"),
        "mean_absolute_error": quantity(age.mean_absolute_error_years, "years"),
        "heat": None if age.heat is None else _heat(age.heat),
        "feature_distance": limited(age.feature_distance, "1"),
        **_beside_the_error(age),
        "evidence": str(age.evidence),
        "model": age.model.name,
    }


def _heat(heat: AgeHeat) -> Json:
    anterior_mm, superior_mm = heat.cell_mm
    return {
        "older_evidence": heat.older is not None,
        "younger_evidence": heat.younger is not None,
        "share_older": quantity(heat.older_share, "1"),
        "cell_anterior": quantity(anterior_mm, "mm"),
        "cell_superior": quantity(superior_mm, "mm"),
        "share_outside_spine": limited(heat.outside_spine, "1"),
        "share_above_c2": limited(heat.above_c2, "1"),
        "cautions": [caution_content(caution) for caution in heat.cautions],
    }


def _beside_the_error(age: AgeEstimate) -> Json:
    """Return interval and position; nothing where none is known, as older versions wrote."""
    if age.interval is None:
        return {}
    return {"interval": _interval(age.interval), "position": str(age.position)}


def _interval(interval: AgeInterval) -> Json:
    return {
        "lower": quantity(interval.lower_years, "years"),
        "upper": quantity(interval.upper_years, "years"),
        "half_width": quantity(interval.half_width_years, "years"),
        "coverage": quantity(interval.coverage_percent, "%"),
        "bracket": {"first": interval.first_years, "last": interval.last_years, "unit": "years"},
        "cases": interval.cases,
        "data": interval.data,
        "gap_percentile": quantity(interval.gap_percentile, "%"),
    }
