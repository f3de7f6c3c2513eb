"""results.json, schema 1: everything that was found, in numbers and stable words.

UIDs stand in it, the patient's name and identifiers do not.
"""

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from spine.anatomy.geometry import SpineGeometry
from spine.anatomy.levels import DiscLevel
from spine.dicom.study import PatientFacts, Selection, SeriesDecision
from spine.errors import Caution, Refusal
from spine.findings import (
    AgeEstimate,
    DiscAssessment,
    Findings,
    ModelReference,
    ScaleForecast,
    Segmentation,
)
from spine.reporting import wording
from spine.reporting.context import Outcome, RunContext
from spine.reporting.revision import selected_instances

SCHEMA = 1
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class StoredObject:
    """A DICOM object as written; `file` is relative to the run's folder."""

    kind: str
    file: str
    sop_class_uid: str
    sop_instance_uid: str
    content: bytes


def results(
    findings: Findings,
    references: tuple[ModelReference, ...],
    run: RunContext,
    outcome: Outcome,
    objects: Sequence[StoredObject],
) -> Json:
    """Turn findings into what the schema describes."""
    return {
        "schema": SCHEMA,
        "run": _run(run, outcome),
        "notices": list(wording.notices(demonstration=run.demonstration)),
        "models": [_model(model) for model in references],
        "study": _study(findings.selection),
        "selection": _selection(findings.selection),
        "segmentation": _segmentation(findings.segmentation),
        "age": _age(findings.age),
        "discs": [_disc(disc) for disc in findings.discs],
        "objects": [_object(item) for item in objects],
    }


def encode(content: Json) -> bytes:
    """Encode alike on every run; NaN and infinity, which JSON lacks, are an error."""
    return (json.dumps(content, indent=2, sort_keys=True, allow_nan=False) + "\n").encode()


def _run(run: RunContext, outcome: Outcome) -> Json:
    return {
        "run_id": run.run_id,
        "analysis_time": run.analysis_time.isoformat(),
        "code_version": run.code_version,
        "settings_hash": run.settings_hash,
        "demonstration": run.demonstration,
        "nothing_to_send": None if outcome.code is None else str(outcome.code),
        "revision": run.revision,
        "replaces": _replaced(run),
    }


def _replaced(run: RunContext) -> str | None:
    """Return the SOP instance UID of the report that this run's report replaces."""
    if run.predecessor is None or run.predecessor.report is None:
        return None
    return run.predecessor.report.sop_instance_uid


def _model(model: ModelReference) -> Json:
    return {
        "name": model.name,
        "version": model.version,
        "card_sha256": model.card_sha256,
        "evidence": str(model.evidence),
    }


def _study(selection: Selection) -> Json:
    study = selection.study
    return {
        "study_instance_uid": study.study_instance_uid,
        "age": _age_at_study(study.patient),
        "priors": sorted(prior.sop_instance_uid for prior in study.priors),
        "cautions": [_caution(caution) for caution in study.cautions],
    }


def _age_at_study(patient: PatientFacts) -> Json:
    return {
        "value": patient.age_years,
        "unit": "years",
        "refusal": None if patient.age_refusal is None else _refusal(patient.age_refusal),
    }


def _selection(selection: Selection) -> Json:
    series = selection.series
    return {
        "series_instance_uid": None if series is None else series.series_instance_uid,
        "instances": list(selected_instances(selection)),
        "refusal": None if selection.refusal is None else _refusal(selection.refusal),
        "decisions": [_decision(decision) for decision in selection.decisions],
        "grid": _grid(selection),
    }


def _decision(decision: SeriesDecision) -> Json:
    return {
        "series_instance_uid": decision.series_instance_uid,
        "score": decision.score,
        "taken": decision.taken,
        "codes": [str(code) for code in decision.codes],
        "reasons": list(decision.reasons),
    }


def _grid(selection: Selection) -> Json | None:
    if selection.volume is None:
        return None
    grid = selection.volume.grid
    return {"shape": list(grid.shape), "spacing": list(grid.spacing_mm), "unit": "mm"}


def _segmentation(segmentation: Segmentation | Refusal) -> Json:
    if isinstance(segmentation, Refusal):
        return {"refusal": _refusal(segmentation)}
    quality = segmentation.quality
    return {
        "refusal": None,
        "vertebra_count": quality.vertebra_count,
        "levels_certain": quality.levels_certain,
        "cautions": [_caution(caution) for caution in quality.cautions],
        "model": segmentation.model.name,
        **_geometry(segmentation.geometry),
    }


def _geometry(geometry: SpineGeometry) -> Json:
    return {
        "mean_width": _quantity(geometry.mean_width_mm, "mm"),
        "vertebrae": [
            {
                "level": str(vertebra.level),
                "center": list(vertebra.center),
                "width": _quantity(vertebra.width_mm, "mm"),
                "height": _quantity(vertebra.height_mm, "mm"),
            }
            for vertebra in geometry.vertebrae
        ],
        "discs": [
            {
                "level": str(disc.level),
                "center": list(disc.frame.center),
                "height": _quantity(disc.height_mm, "mm"),
            }
            for disc in geometry.discs
        ],
    }


def _age(age: AgeEstimate | Refusal) -> Json:
    if isinstance(age, Refusal):
        return {"refusal": _refusal(age)}
    return {
        "refusal": None,
        "chronological_age": _quantity(age.chronological_age_years, "years"),
        "uncorrected_age": _quantity(age.uncorrected_age_years, "years"),
        "predicted_age": _quantity(age.predicted_age_years, "years"),
        "age_gap": _quantity(age.age_gap_years, "years"),
        "mean_absolute_error": _quantity(age.mean_absolute_error_years, "years"),
        "evidence": str(age.evidence),
        "model": age.model.name,
    }


def _disc(disc: DiscAssessment | Refusal) -> Json:
    if isinstance(disc, Refusal):
        level = disc.subject if disc.subject in set(DiscLevel) else None
        return {"level": level, "refusal": _refusal(disc), "forecasts": []}
    return {
        "level": str(disc.level),
        "refusal": None,
        "forecasts": [_forecast(item) for item in disc.forecasts],
    }


def _forecast(item: ScaleForecast | Refusal) -> Json:
    if isinstance(item, Refusal):
        return {"refusal": _refusal(item)}
    baseline = item.baseline
    return {
        "refusal": None,
        "scale": str(item.scale),
        "baseline": None
        if baseline is None
        else {"grade": baseline.grade, "source": baseline.source},
        "grades": [int(grade) for grade in item.scale.grades],
        "probabilities": [float(value) for value in item.probabilities],
        "predicted_grade": int(item.predicted_grade),
        "progression": str(item.progression),
        "progression_probability": _quantity(item.progression_probability, "1"),
        "horizon": _quantity(5.0, "years"),
        "evidence": str(item.evidence),
        "model": item.model.name,
    }


def _object(item: StoredObject) -> Json:
    return {
        "kind": item.kind,
        "file": item.file,
        "sop_class_uid": item.sop_class_uid,
        "sop_instance_uid": item.sop_instance_uid,
        "sha256": hashlib.sha256(item.content).hexdigest(),
    }


def _quantity(value: float | None, unit: str) -> Json:
    """Give a number its unit; what could not be measured (NaN) has no value."""
    known = value is not None and math.isfinite(value)
    return {"value": float(value) if known and value is not None else None, "unit": unit}


def _refusal(refusal: Refusal) -> Json:
    return {"code": str(refusal.code), "reason": refusal.reason, "subject": refusal.subject}


def _caution(caution: Caution) -> Json:
    return {"code": str(caution.code), "reason": caution.reason}
