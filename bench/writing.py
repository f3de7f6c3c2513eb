"""Writing what a run writes, by default and in full: 40 segments of a whole spine, and the rest."""

import tempfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from bench.timing import Cost, measure
from pacs.part10 import read_meta
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
    AgeInterval,
    Baseline,
    DiscAssessment,
    Evidence,
    Findings,
    ModelReference,
    Quality,
    ScaleForecast,
    Segmentation,
)
from spine.findings_heat import AgeHeat, LimitedValue
from spine.imaging.orientation import canonical
from spine.imaging.volume import LabelMap, Volume
from spine.reporting.kinds import DEFAULT_KINDS, Kind, kind_of
from spine.reporting.writing import RunContext, WritingSettings, write

SEED = 3
SEGMENTS = 40
TARGET_S = 2.0
_REPETITIONS = 3
_INTERVAL = AgeInterval(54.8, 11.9, 90, 45, 54, 260, "synthetic", 62)
_MODEL = ModelReference("bench", "0.0.0", "0" * 64, Evidence.SYNTHETIC)


def bench_writing() -> list[Measurement]:
    """Time the default set, and objects of every kind."""
    with tempfile.TemporaryDirectory() as temporary:
        findings = whole_spine(Path(temporary) / "study")
        return [
            *_figures("the default objects", findings, DEFAULT_KINDS, Path(temporary)),
            *_figures("objects of every kind", findings, frozenset(Kind), Path(temporary)),
        ]


def _figures(
    what: str, findings: Findings, kinds: frozenset[Kind], folder: Path
) -> list[Measurement]:
    """Time a set; the first writing, which also loads fonts and tables, is not counted.

    The time is that of one process: a second core only serves the disk.
    """
    costs = [written(findings, kinds, folder) for _ in range(_REPETITIONS + 1)][1:]
    name = f"writing {what} of {SEGMENTS} segments, 384 x 793 x 14"
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
    age = AgeEstimate(
        54.8, 58.1, 61.3, Evidence.SYNTHETIC, _MODEL, heat=_heat(labels), interval=_INTERVAL
    )
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


def _heat(labels: LabelMap) -> AgeHeat:
    """Return heat that fades from front to back over the spine, and its reverse."""
    front_to_back = np.linspace(0, 1, labels.data.shape[0], dtype=np.float32)[:, None, None]
    older = Volume(front_to_back * (labels.data > 0), labels.affine)
    younger = Volume((1 - front_to_back) * (labels.data > 0), labels.affine)
    return AgeHeat(
        older, younger, 0.5, (28.8, 28.8), LimitedValue(0.1, 0.4), LimitedValue(0.0, 0.1)
    )


def written(findings: Findings, kinds: frozenset[Kind], folder: Path) -> Cost:
    """Write once and return what it took.

    Raises
    ------
    AssertionError
        If a kind was not written: what does less is no faster.
    """
    output = Path(tempfile.mkdtemp(dir=folder))
    run = RunContext(output, datetime(2026, 1, 1, tzinfo=UTC), "bench", "0" * 64, False)
    settings = WritingSettings(objects=kinds)
    _, cost = measure(lambda: write(findings, (_MODEL,), run, settings))
    files = (output / "dicom").iterdir()
    lacking = kinds - {kind_of(read_meta(path).sop_class_uid, path.name) for path in files}
    if lacking:
        raise AssertionError(f"not written: {', '.join(sorted(lacking))}")
    return cost
