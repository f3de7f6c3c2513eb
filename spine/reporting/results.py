"""results.json, schema 1: everything that was found, in numbers and stable words.

UIDs stand in it, the patient's name and identifiers do not.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from spine.dicom.study import PatientFacts, Selection, SeriesDecision, Station
from spine.errors import Refusal
from spine.findings import Findings, ModelReference, Segmentation
from spine.reporting import wording, wording_discs
from spine.reporting.context import Outcome, RunContext
from spine.reporting.doubts import forecasts_of
from spine.reporting.measures import Json, measures, quantity
from spine.reporting.reasons import caution_content, refusal_content
from spine.reporting.results_age import age_content
from spine.reporting.results_course import course_content
from spine.reporting.results_discs import disc_content
from spine.reporting.revision import selected_instances

SCHEMA = 1


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
        "age": age_content(findings.age),
        "discs": [disc_content(disc) for disc in findings.discs],
        "course": course_content(findings),
        "limits": list(wording_discs.limits(forecasts_of(findings.discs))),
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
        "population": model.population or None,
    }


def _study(selection: Selection) -> Json:
    study = selection.study
    return {
        "study_instance_uid": study.study_instance_uid,
        "age": _age_at_study(study.patient),
        "priors": sorted(prior.sop_instance_uid for prior in study.priors),
        "cautions": [caution_content(caution) for caution in study.cautions],
    }


def _age_at_study(patient: PatientFacts) -> Json:
    return {
        "value": patient.age_years,
        "unit": "years",
        "refusal": None if patient.age_refusal is None else refusal_content(patient.age_refusal),
    }


def _selection(selection: Selection) -> Json:
    series = selection.series
    return {
        "series_instance_uid": None if series is None else series.series_instance_uid,
        "instances": list(selected_instances(selection)),
        "refusal": None if selection.refusal is None else refusal_content(selection.refusal),
        "decisions": [_decision(decision) for decision in selection.decisions],
        "grid": _grid(selection),
        "stations": [_station(station) for station in selection.stations],
        "cautions": [caution_content(caution) for caution in selection.cautions],
    }


def _station(station: Station) -> Json:
    return {
        "series_instance_uid": station.series.series_instance_uid,
        "instances": sorted({frame.sop_instance_uid for frame in station.frames}),
        "frames": len(station.frames),
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
        return {"refusal": refusal_content(segmentation)}
    quality = segmentation.quality
    return {
        "refusal": None,
        "vertebra_count": quality.vertebra_count,
        "levels_certain": quality.levels_certain,
        "cautions": [caution_content(caution) for caution in quality.cautions],
        "refusals": [refusal_content(refusal) for refusal in quality.refusals],
        "disagreement": quantity(quality.disagreement, "1"),
        "model": segmentation.model.name,
        **measures(segmentation.geometry),
    }


def _object(item: StoredObject) -> Json:
    return {
        "kind": item.kind,
        "file": item.file,
        "sop_class_uid": item.sop_class_uid,
        "sop_instance_uid": item.sop_instance_uid,
        "sha256": hashlib.sha256(item.content).hexdigest(),
    }
