"""Writing what a run writes by default: 40 segments of a whole spine, a page, a report."""

import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from bench.timing import Cost, measure
from phantom.protocols import WHOLE_SPINE_T2
from phantom.rendering import render
from phantom.subjects import subject
from phantom.write_study import one_series, write_study
from research.measurements import Data, Measurement
from spine.anatomy.geometry import SpineGeometry
from spine.anatomy.grades import Progression, Scale
from spine.anatomy.levels import DiscLevel
from spine.dicom.loading import LoadingSettings, load
from spine.dicom.selection import SelectionSettings, select
from spine.findings import (
    AgeEstimate,
    Baseline,
    DiscAssessment,
    Evidence,
    Findings,
    ModelReference,
    Quality,
    ScaleForecast,
    Segmentation,
)
from spine.imaging.orientation import canonical
from spine.imaging.volume import LabelMap
from spine.reporting.writing import RunContext, WritingSettings, write

SEED = 3
SEGMENTS = 40
TARGET_S = 2.0
_REPETITIONS = 3
_MODEL = ModelReference("bench", "0.0.0", "0" * 64, Evidence.SYNTHETIC)


def bench_writing() -> list[Measurement]:
    """Time the default set; the first writing, which also loads fonts and tables, is not counted.

    The time is that of one process: a second core only serves the disk.
    """
    with tempfile.TemporaryDirectory() as temporary:
        findings = whole_spine(Path(temporary) / "study")
        costs = [_written(findings, Path(temporary)) for _ in range(_REPETITIONS + 1)][1:]
    name = f"writing the default objects of {SEGMENTS} segments, 384 x 793 x 14"
    wall_s = min(cost.wall_s for cost in costs)
    cpu_s = min(cost.cpu_s for cost in costs)
    return [
        Measurement(f"{name}: s", wall_s, "s", Data.SYNTHETIC, _REPETITIONS, TARGET_S, "lower"),
        Measurement(f"{name}: CPU-s", cpu_s, "CPU-s", Data.SYNTHETIC, _REPETITIONS),
    ]


def whole_spine(folder: Path) -> Findings:
    """Return findings about a rendered spine of `SEGMENTS` structures, an age and five discs."""
    rendering = render(subject(SEED), WHOLE_SPINE_T2, np.random.default_rng(SEED), sub_slices=1)
    write_study([one_series(rendering.volume, WHOLE_SPINE_T2)], folder)
    selection = select(load(folder, LoadingSettings()), SelectionSettings())
    if selection.volume is None:
        raise AssertionError("the phantom's series was not decoded")
    labels = _largest(canonical(rendering.labels))
    empty = SpineGeometry((), (), 0.0)
    quality = Quality(24, levels_certain=True)
    segmentation = Segmentation(selection.volume, labels, empty, quality, _MODEL)
    age = AgeEstimate(54.8, 58.1, 61.3, Evidence.SYNTHETIC, _MODEL)
    lumbar = [level for level in DiscLevel if level.is_lumbar][:5]
    return Findings(selection, segmentation, age, tuple(map(_disc, lumbar)))


def _largest(labels: LabelMap) -> LabelMap:
    """Keep the structures that lie on the most pixels; the others become background."""
    counts = np.bincount(labels.data.ravel(), minlength=256)
    counts[0] = 0
    kept = np.argsort(counts)[-SEGMENTS:]
    if counts[kept].min() == 0:
        raise AssertionError(f"the phantom has fewer than {SEGMENTS} structures")
    return replace(labels, data=np.where(np.isin(labels.data, kept), labels.data, 0))


def _disc(level: DiscLevel) -> DiscAssessment:
    return DiscAssessment(level, tuple(map(_forecast, Scale)))


def _forecast(scale: Scale) -> ScaleForecast:
    grades = [int(grade) for grade in scale.grades]
    return ScaleForecast(
        scale,
        Baseline(grades[1], "baseline table"),
        tuple(1 / len(grades) for _ in grades),
        grades[2],
        Progression.PROGRESSED,
        0.5,
        Evidence.SYNTHETIC,
        _MODEL,
    )


def _written(findings: Findings, folder: Path) -> Cost:
    output = Path(tempfile.mkdtemp(dir=folder))
    run = RunContext(output, datetime(2026, 1, 1, tzinfo=UTC), "bench", "0" * 64, False)
    outcome, cost = measure(lambda: write(findings, (_MODEL,), run, WritingSettings()))
    if len(outcome.written) < 5:
        raise AssertionError("not every object of the default set was written")
    return cost
