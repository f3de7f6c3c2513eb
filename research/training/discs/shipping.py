"""Model folders of the progression networks that learned from everybody."""

import json
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from research.estimators.discs.gradings import gradings_file
from research.estimators.discs.real_gradings import real_gradings
from research.estimators.discs.real_targets import meets_targets
from research.export import Origin, data_of, summary, write_model
from research.training.discs.batches import weights_path
from research.training.discs.figures import figures, grading_figures
from research.training.discs.graded_regions import middle_spec
from research.training.discs.plans import Measured, Target, read_plan
from research.training.discs.predictions import (
    grading_path,
    read_gradings,
    read_predictions,
)
from research.training.discs.regions import default_spec
from research.training.discs.scale_trainer import ALL_FOLDER, TEMPERATURE_FILE
from spine.anatomy.grades import Scale
from spine.findings import Evidence
from spine.inference.cards import Metric
from spine.inference.models import disc_name, grading_name
from spine.inference.weights import WEIGHTS_FILE

_IMAGES = {
    "phantoms": (
        "Lumbar views of virtual people in which every disc is graded; regions measured on the "
        "true labels."
    ),
    "synthetic": (
        "Virtual longitudinal cohort with the ages, sexes, BMI and joint grade distributions of "
        "P2's Tables 1 to 3 and a stated share of the course visible at baseline; regions "
        "measured on the true labels."
    ),
    "real": "Lumbar MR and grades of patients; regions measured on the labels of the cohort.",
}
_FIGURES = {
    Measured.FOLDS: "Figures are out of fold, of networks trained alike without the fold.",
    Measured.HELD_OUT: "Finetuned; figures are of patients held out once, of this very network.",
    Measured.PHANTOMS: "Figures are of a fifth held out, of this very network.",
    Measured.READERS: (
        "Begun with phantoms, finetuned on readers' grades. Figures are out of fold, of networks "
        "trained alike on the other patients; how to train was settled while looking at them."
    ),
}
_VIRTUAL_POPULATION = {
    "phantoms": "virtual adults of 20 to 80 years, ages uniform, all discs of a lumbar view",
    "synthetic": (
        "virtual adults of 18 to 70 years with the ages, sexes and BMI of P2's southern Chinese "
        "cohort, L1/2 to L5/S1, without surgery, tumor or marked deformity"
    ),
}


def export_progression(
    run: Path, models: Path, version: str, origin: Origin, only: Collection[Scale] = ()
) -> Iterator[str]:
    """Write a model folder of every scale that a run has; yield a line each.

    Progression models or, of a run with the baseline as its target, grading models. Their
    evidence is the lowest whatever they learned from, for a card cannot raise itself; but that of
    a scale which meets its targets on the grades of `origin.readers`, out of fold, is
    retrospective.

    Parameters
    ----------
    only : scales to write; every one that the run has without
    """
    plan = read_plan(run)
    if Measured(plan["measured"]) is Measured.PHANTOMS and origin.data != "synthetic":
        raise ValueError(f"{run.name} learned from phantoms: its data are synthetic")
    there = [scale for scale in Scale if (run / scale.value / ALL_FOLDER).exists()]
    scales = [scale for scale in there if scale in (only or there)]
    if not scales:
        raise ValueError(f"{run.name} has no network on everybody: train it without --fold")
    validated = _validated(run, plan, origin.readers)
    for scale in scales:
        weights = weights_path(run / scale.value / ALL_FOLDER).read_bytes()
        facts = _facts(run, scale, plan, origin)
        if scale in validated:
            facts["evidence"] = Evidence.RETROSPECTIVE
        card_sha256 = write_model(models, {WEIGHTS_FILE: weights}, version=version, **facts)
        yield summary(facts["name"], card_sha256, facts["metrics"])


def _facts(run: Path, scale: Scale, plan: dict[str, object], origin: Origin) -> dict[str, Any]:
    """Return the facts of a scale's card, see `write_model`."""
    target, measured = Target(str(plan["target"])), Measured(str(plan["measured"]))
    source = str(plan["source"])
    is_grading = target is Target.BASELINE
    fitted = json.loads((run / scale.value / ALL_FOLDER / TEMPERATURE_FILE).read_text())
    tested = (_grading if is_grading else _progression)(run, scale, origin)
    spec = middle_spec() if is_grading else default_spec(swap_axes=bool(plan["swap_axes"]))
    begun = " Begun with grading networks of other people." if plan["begun_with_grading"] else ""
    begun_with_another = measured is not Measured.FOLDS or bool(plan["begun_with_grading"])
    images = "phantoms" if measured is Measured.PHANTOMS else origin.data
    data = data_of(
        f"{_IMAGES[images]}{begun} {_FIGURES[measured]}",
        int(fitted["training_patients"]),
        int(fitted["validation_patients"]),
        tested.patients,
        tested.patients if origin.data == "real" else 0,
    )
    population = origin.population or _VIRTUAL_POPULATION[images]
    return {
        "name": grading_name(scale) if is_grading else disc_name(scale),
        "input": asdict(replace(spec, scale=scale)),
        "widths": fitted["widths"],
        "classes": target.classes(scale) if is_grading else None,
        "temperature": round(float(fitted["temperature"]), 4),
        "data": data.model_copy(update={"population": population}),
        "metrics": tested.metrics,
        **origin.facts(begun_with_another=begun_with_another, source=source),
    }


def _validated(run: Path, plan: dict[str, Any], readers: Path | None) -> set[Scale]:
    """Return the scales whose out-of-fold figures on patients meet their targets."""
    if readers is None:
        return set()
    if Measured(plan["measured"]) is not Measured.READERS:
        raise ValueError(f"{run.name} was not measured on readers' grades")
    found = real_gradings(run, readers, np.random.default_rng(0))
    return {scale for scale in Scale if meets_targets(found, scale)}


@dataclass(frozen=True, slots=True)
class _Tested:
    """Figures of patients that the networks measured did not learn from, and their number."""

    metrics: tuple[Metric, ...]
    patients: int


def _progression(run: Path, scale: Scale, origin: Origin) -> _Tested:
    found = read_predictions(run, scale)
    metrics = _metrics(figures(found), len(found.baseline), origin)
    return _Tested(metrics, len(np.unique(found.patients)))


def _grading(run: Path, scale: Scale, origin: Origin) -> _Tested:
    readers = run / gradings_file(scale)
    path = readers if readers.exists() else grading_path(run, scale)
    found = read_gradings(path, scale)
    return _Tested(_metrics(grading_figures(found), len(found.truth), origin), found.patients)


def _metrics(values: Iterator[tuple[str, float]], discs: int, origin: Origin) -> tuple[Metric, ...]:
    return tuple(
        Metric(name=name, value=round(value, 4), unit="1", n=discs, data=origin.data)
        for name, value in values
        if np.isfinite(value)
    )
