"""One whole-spine study, step by step: from the last byte in to the results out."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from bench.networks import age_networks, eager_network
from bench.timing import Cost, measure
from phantom.protocols import WHOLE_SPINE_T2
from phantom.rendering import render
from phantom.studies import StudyPlan, write_phantom_study
from phantom.subjects import subject
from research.measurements import Data, Measurement
from research.validation.segmentation.stock import stock_prediction
from spine import pipeline
from spine.age.estimation import AgeSettings
from spine.anatomy.levels import Level
from spine.dicom.study import Selection
from spine.errors import Refusal
from spine.findings import (
    DiscAssessment,
    Evidence,
    Findings,
    ModelReference,
    ScaleForecast,
    Segmentation,
)
from spine.imaging.volume import LabelMap, Volume
from spine.inference.models import AGE_NAME, AgeModel, AgeNetwork, BiasLine, Models
from spine.networks.age_head import head_from_network
from spine.preprocessing.age import AgeSpec
from spine.reporting.context import RunContext
from spine.segmentation.segmenter import Prediction, interpret

# Whatever is found may have its age: the age network is to be timed even where the shipped
# segmentation misses vertebrae.
_ANY_COVERAGE = AgeSettings(highest_needed=Level.S1, lowest_needed=Level.C1, minimum_vertebrae=0)
SETTINGS = pipeline.ScienceSettings(minimum_evidence=Evidence.SYNTHETIC, age=_ANY_COVERAGE)
SEED = 11
AGE_YEARS = 55.0
_AGE_STEP = "age, DCNN at 384 x 793 x 14"
# Four discs on three scales.
LEAST_FORECASTS = 12

Segmenter = Callable[[Selection], Segmentation | Refusal]


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the chain and what it took."""

    name: str
    cost: Cost


@dataclass(frozen=True, slots=True)
class Chain:
    """One way to analyze a study: its models, and how it segments."""

    models: Models
    segment: Segmenter


def bench_phantom() -> list[Measurement]:
    """Time the rendering of one native 384 x 793 x 14 volume with its labels."""
    person = subject(SEED, age_years=AGE_YEARS)
    rng = np.random.default_rng(SEED)
    _, cost = measure(lambda: render(person, WHOLE_SPINE_T2, rng))
    name = "phantom volume with labels, 384 x 793 x 14"
    return [Measurement(name, cost.cpu_s, "CPU-s", Data.SYNTHETIC, 1, 5.0, "lower")]


def bench_study(models: Models, folder: Path, threads: int) -> list[Measurement]:
    """Time one study of native size, ours step by step and the stock parts as a whole.

    Both sides read, select, name levels, grade discs and write with the same code; stock are
    nnU-Net's predictor and the age DCNN in eager torch, and both run the DCNN at full size.

    Parameters
    ----------
    folder : of the models
    """
    ours, network = age_networks(threads)
    eager = AgeNetwork(eager_network(network.blocks), head_from_network(network))
    stock_parts = Chain(_with_age(models, eager), _stock_segmenter(models, folder, threads))
    with tempfile.TemporaryDirectory() as temporary:
        study = Path(temporary) / "study"
        plan = StudyPlan(age_years=AGE_YEARS, protocols=(WHOLE_SPINE_T2,))
        write_phantom_study(study, SEED, plan)
        steps = _steps(study, _our_chain(_with_age(models, ours)), Path(temporary) / "ours")
        stock = _steps(study, stock_parts, Path(temporary) / "stock")
    return [*_figures(steps), *_beside(_total(steps), _total(stock))]


def _figures(steps: list[Step]) -> list[Measurement]:
    return [
        Measurement(f"{step.name}: {unit}", value, unit, Data.SYNTHETIC, 1)
        for step in steps
        for unit, value in (("CPU-s", step.cost.cpu_s), ("s", step.cost.wall_s))
    ]


def _beside(ours: Cost, stock: Cost) -> list[Measurement]:
    """Set the whole study, last byte in to results out, beside the same with stock parts."""
    name = "whole study, stock parts as a ratio to ours"
    return [
        *_figures([Step("whole study", ours), Step("whole study, stock parts", stock)]),
        Measurement(f"{name}: CPU-s", stock.cpu_s / ours.cpu_s, "x", Data.SYNTHETIC, 1),
        Measurement(f"{name}: s", stock.wall_s / ours.wall_s, "x", Data.SYNTHETIC, 1),
    ]


def _our_chain(models: Models) -> Chain:
    return Chain(models, lambda selection: pipeline.segment(selection, models, SETTINGS))


def _stock_segmenter(models: Models, folder: Path, threads: int) -> Segmenter:
    def segment(selection: Selection) -> Segmentation | Refusal:
        volume = _decoded(selection)
        classes = LabelMap(stock_prediction(volume, folder, threads), volume.affine)
        return interpret(volume, Prediction(classes), models.segmentation, SETTINGS.segmentation)

    return segment


def _with_age(models: Models, network: AgeNetwork) -> Models:
    """Put a full-size age network in the shipped one's place; its bias line withholds nothing."""
    reference = ModelReference(AGE_NAME, "0.0.0", "0" * 64, Evidence.SYNTHETIC)
    return replace(models, age=AgeModel(reference, AgeSpec(), network, BiasLine(1.0, 0.0, 3)))


def _steps(study: Path, chain: Chain, output: Path) -> list[Step]:
    run = RunContext(output, datetime(2026, 1, 1, tzinfo=UTC), "bench", "0" * 64, True)
    models = chain.models
    loaded, load = measure(lambda: pipeline.load(study, SETTINGS))
    selection, select = measure(lambda: pipeline.select(loaded, SETTINGS))
    found, segment = measure(lambda: chain.segment(selection))
    named = _named(found)
    age, estimate = measure(lambda: pipeline.estimate_age(selection, named, models, SETTINGS))
    discs, predict = measure(
        lambda: pipeline.predict_progression(selection, named, models, SETTINGS)
    )
    findings = Findings(selection, named, age, discs)
    _require_every_network(findings)
    _, write = measure(lambda: pipeline.write(findings, models, run, SETTINGS))
    names = ("load", "select and decode", "segment and measure", _AGE_STEP, "discs", "write")
    costs = (load, select, segment, estimate, predict, write)
    return [Step(*pair) for pair in zip(names, costs, strict=True)]


def _named(found: Segmentation | Refusal) -> Segmentation:
    """Trust the levels, however sure the model is: the discs' networks are to be timed too."""
    if isinstance(found, Refusal):
        raise AssertionError(f"the phantom was refused: {found.code}")
    return replace(found, quality=replace(found.quality, levels_certain=True))


def _require_every_network(findings: Findings) -> None:
    """Fail rather than report as fast what did not run."""
    if isinstance(findings.age, Refusal):
        raise AssertionError(f"the age network did not run: {findings.age.code}")
    forecasts = [f for d in findings.discs if isinstance(d, DiscAssessment) for f in d.forecasts]
    if sum(isinstance(forecast, ScaleForecast) for forecast in forecasts) < LEAST_FORECASTS:
        raise AssertionError("the disc networks did not run")


def _decoded(selection: Selection) -> Volume:
    if selection.volume is None:
        raise AssertionError("the phantom's series was not decoded")
    return selection.volume


def _total(steps: list[Step]) -> Cost:
    return Cost(sum(step.cost.cpu_s for step in steps), sum(step.cost.wall_s for step in steps))
