"""One whole-spine study, step by step: from the last byte in to the results out."""

import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from bench.timing import Cost, measure
from phantom.protocols import WHOLE_SPINE_T2
from phantom.rendering import render
from phantom.studies import StudyPlan, write_phantom_study
from phantom.subjects import subject
from research.measurements import Data, Measurement
from spine import pipeline
from spine.findings import Evidence, Findings
from spine.imaging.volume import Volume
from spine.inference.models import Models
from spine.reporting.context import RunContext

SETTINGS = pipeline.ScienceSettings(minimum_evidence=Evidence.SYNTHETIC)
SEED = 11
AGE_YEARS = 55.0


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the chain and what it took."""

    name: str
    cost: Cost


def bench_phantom() -> list[Measurement]:
    """Time the rendering of one native 384 x 793 x 14 volume with its labels."""
    person = subject(SEED, age_years=AGE_YEARS)
    rng = np.random.default_rng(SEED)
    _, cost = measure(lambda: render(person, WHOLE_SPINE_T2, rng))
    name = "phantom volume with labels, 384 x 793 x 14"
    return [Measurement(name, cost.cpu_s, "CPU-s", Data.SYNTHETIC, 1, 5.0, "lower")]


def bench_study(models: Models) -> tuple[list[Measurement], Volume]:
    """Time each step on one study of native size; return the selected volume too."""
    with tempfile.TemporaryDirectory() as folder:
        study = Path(folder) / "study"
        plan = StudyPlan(age_years=AGE_YEARS, protocols=(WHOLE_SPINE_T2,))
        write_phantom_study(study, SEED, plan)
        steps, volume = _steps(study, models, Path(folder) / "out")
    total = Cost(sum(s.cost.cpu_s for s in steps), sum(s.cost.wall_s for s in steps))
    rows = [*steps, Step("whole study", total)]
    return [
        Measurement(f"{row.name}: {unit}", value, unit, Data.SYNTHETIC, 1)
        for row in rows
        for unit, value in (("CPU-s", row.cost.cpu_s), ("s", row.cost.wall_s))
    ], volume


def _steps(study: Path, models: Models, output: Path) -> tuple[list[Step], Volume]:
    run = RunContext(output, datetime(2026, 1, 1, tzinfo=UTC), "bench", "0" * 64, True)
    loaded, load = measure(lambda: pipeline.load(study, SETTINGS))
    selection, select = measure(lambda: pipeline.select(loaded, SETTINGS))
    found, segment = measure(lambda: pipeline.segment(selection, models, SETTINGS))
    age, estimate = measure(lambda: pipeline.estimate_age(selection, found, models, SETTINGS))
    discs, predict = measure(
        lambda: pipeline.predict_progression(selection, found, models, SETTINGS)
    )
    findings = Findings(selection, found, age, discs)
    _, write = measure(lambda: pipeline.write(findings, models, run, SETTINGS))
    if selection.volume is None:
        raise AssertionError("the phantom's series was not decoded")
    names = ("load", "select and decode", "segment and measure", "age", "discs", "write")
    costs = (load, select, segment, estimate, predict, write)
    return [Step(*pair) for pair in zip(names, costs, strict=True)], selection.volume
