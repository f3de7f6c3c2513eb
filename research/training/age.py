"""Training and evaluating the age DCNN (P1)."""

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm

from research.cohort import (
    Split,
    SubjectRecord,
    read_images,
    read_records,
    split_by_subject,
)
from research.export import data_of, summary, write_model
from research.training import metrics
from research.training.loop import Examples, Task, TrainingSettings, begin_with, fit, predict
from spine.age.bias import correct_bias, fit_bias
from spine.inference.cards import Metric
from spine.inference.models import AGE_NAME, BiasLine
from spine.inference.weights import WEIGHTS_FILE, bytes_from_network
from spine.networks.age_dcnn import AgeDCNN
from spine.preprocessing.age import AgeSpec, age_input

DATA_DESCRIPTION = (
    "Synthetic whole-spine sagittal T2 phantoms of 25 to 84 years, true labels; seen at an "
    "in-plane spacing of {spacing:g} mm, P1's being 0.9 mm."
)


def coarse_spec(spacing_mm: float) -> AgeSpec:
    """Return P1's box, the same field of view, at another in-plane spacing (docs/adr/0024)."""
    published = AgeSpec()
    slices, anterior, superior = published.shape
    ratio = published.spacing_mm[1] / spacing_mm
    return AgeSpec(
        spacing_mm=(published.spacing_mm[0], spacing_mm, spacing_mm),
        shape=(slices, round(anterior * ratio), round(superior * ratio)),
    )


@dataclass(frozen=True, slots=True)
class AgePlan:
    """What to train, and from where.

    Attributes
    ----------
    start : an earlier run whose best weights to begin with; None to begin anew
    holdout : a cohort that no run has seen, for the bias line and the figures; without one
        they come from the validation and the test part
    """

    spec: AgeSpec
    start: Path | None = None
    holdout: Path | None = None


@dataclass(frozen=True, slots=True, eq=False)
class AgeResult:
    """The bias line of a network and its figures on the test part."""

    bias: BiasLine
    metrics: tuple[Metric, ...]


def export_age(
    cohort: Path, run: Path, models: Path, plan: AgePlan, settings: TrainingSettings
) -> str:
    """Train and test on one cohort, write the model's folder, return a summary in one line."""
    split = split_by_subject(read_records(cohort), settings.seed, 0.125, 0.125)
    network = train_age(cohort, split, plan, settings, run)
    if plan.holdout is not None:
        cohort, seen = plan.holdout, split.training
        held_out = split_by_subject(read_records(cohort), settings.seed, 0.5, 0.5)
        split = Split(seen, held_out.validation, held_out.test)
    result = evaluate_age(
        network,
        age_examples(cohort, split.validation, plan.spec),
        age_examples(cohort, split.test, plan.spec),
    )
    counts = len(split.training), len(split.validation), len(split.test)
    card_sha256 = write_model(
        models,
        {WEIGHTS_FILE: bytes_from_network(network)},
        name=AGE_NAME,
        version="0.1.0",
        input=asdict(plan.spec),
        bias=asdict(result.bias),
        data=data_of(DATA_DESCRIPTION.format(spacing=plan.spec.spacing_mm[1]), *counts),
        metrics=result.metrics,
    )
    return summary(AGE_NAME, card_sha256, result.metrics)


def age_examples(cohort: Path, records: tuple[SubjectRecord, ...], spec: AgeSpec) -> Examples:
    """Prepare inputs exactly as the service does, and chronological ages in years."""
    progress = tqdm(records, desc="inputs", mininterval=5)
    inputs = np.stack([age_input(*read_images(cohort, record), spec) for record in progress])
    return Examples(inputs, np.array([[record.age_years] for record in records], dtype=np.float32))


def train_age(
    cohort: Path, split: Split, plan: AgePlan, settings: TrainingSettings, run: Path
) -> AgeDCNN:
    """Train on the training part, keep the best on the validation part, answer in years."""
    training = age_examples(cohort, split.training, plan.spec)
    validation = age_examples(cohort, split.validation, plan.spec)
    mean, deviation = float(training.targets.mean()), float(training.targets.std())
    torch.manual_seed(settings.seed)
    network = _first_network(plan)
    task = Task(
        network,
        torch.nn.MSELoss(),
        Examples(training.inputs, (training.targets - mean) / deviation),
        Examples(validation.inputs, (validation.targets - mean) / deviation),
        augment_spine,
    )
    fit(task, settings, run)
    answer_in_years(network, mean, deviation)
    return network


def evaluate_age(network: AgeDCNN, validation: Examples, test: Examples) -> AgeResult:
    """Fit the bias line on the validation part and measure on the test part."""
    bias = fit_bias(validation.targets[:, 0], predict(network, validation.inputs, 2)[:, 0])
    truth = test.targets[:, 0].astype(np.float64)
    raw = predict(network, test.inputs, 2)[:, 0].astype(np.float64)
    corrected = np.array([correct_bias(float(value), bias) for value in raw])
    constant = np.full_like(truth, validation.targets.mean())
    figures = (
        *_figures("uncorrected", truth, raw),
        *_figures("bias-corrected", truth, corrected),
        *_figures("mean age of the cohort instead of a network", truth, constant),
    )
    return AgeResult(bias, figures)


def answer_in_years(network: AgeDCNN, mean: float, deviation: float) -> None:
    """Fold the standardization of the training targets into the last layer."""
    with torch.no_grad():
        network.prediction.weight.mul_(deviation)
        network.prediction.bias.mul_(deviation).add_(mean)


def augment_spine(spine: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Shift, mirror and scale a masked spine; the margin around it is 0.

    Shifts of up to three voxels anterior and superior stand for patients placed differently
    in the field of view; mirroring swaps left and right.
    """
    shift = [int(value) for value in rng.integers(-3, 4, size=2)]
    # axes: channel, anterior, superior, right
    moved = np.roll(spine, shift, axis=(1, 2))
    if rng.random() < 0.5:
        moved = moved[..., ::-1]
    return np.ascontiguousarray(moved * np.float32(rng.uniform(0.9, 1.1)))


def _first_network(plan: AgePlan) -> AgeDCNN:
    network = AgeDCNN()
    begin_with(network, plan.start)
    # Faster on CPUs; changes the layout in memory, no number.
    network.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
    return network


def _figures(
    how: str, truth: NDArray[np.float64], predicted: NDArray[np.float64]
) -> tuple[Metric, ...]:
    # The report finds its band among these names: spine.inference.cards.CORRECTED_AGE_ERROR.
    values = (
        ("MAE", metrics.mean_absolute_error(truth, predicted), "years"),
        ("WMAE", metrics.weighted_mean_absolute_error(truth, predicted), "years"),
        ("R2", metrics.r_squared(truth, predicted), "1"),
    )
    return tuple(
        Metric(name=f"{name}, {how}", value=round(value, 3), unit=unit, n=len(truth),
               data="synthetic")
        for name, value, unit in values
    )  # fmt: skip
