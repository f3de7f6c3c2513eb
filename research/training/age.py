"""Training the age DCNN (P1, sections 2.4 and 3.3)."""

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from research.age_answers import PREDICTIONS_FILE
from research.cohort import SubjectRecord, read_records
from research.cohort_faults import require_sound_cohort
from research.training.age_augmentation import augmentation
from research.training.age_inputs import AgeExamples, AgeView, age_examples
from research.training.examples import Examples
from research.training.loop import Loss, Task, TrainingSettings, begin_with, fit
from research.training.throughput import Throughput, measure_throughput
from spine.inference.weights import WEIGHTS_FILE, bytes_from_network, load_weights
from spine.networks.age_dcnn import AgeDCNN
from spine.preprocessing.age import AgeSpec

TRAINING_PART, VALIDATION_PART = "training", "validation"
RUN_FILE = "run.json"
# P1, section 4.2.1: 850 series with 100 to validate on, 85 with 10.
_VALIDATION_SHARE = 100 / 850
_LEAST_VALIDATION = 10


class AgeLoss(StrEnum):
    """What is minimized (P1, section 4.2.2)."""

    MSE = "mse"
    SMOOTH_L1 = "smooth-l1"


LOSSES: Mapping[AgeLoss, Loss] = {
    AgeLoss.MSE: nn.MSELoss(),
    AgeLoss.SMOOTH_L1: nn.SmoothL1Loss(),
}


@dataclass(frozen=True, slots=True)
class AgePlan:
    """What to train.

    Attributes
    ----------
    subjects : of the training part, the first ones; None for all
    start : whose weights to begin with, an earlier run's best or an exported model's, also
        of another spacing; None to begin anew
    """

    view: AgeView
    subjects: int | None = None
    loss: AgeLoss = AgeLoss.MSE
    start: Path | None = None


@dataclass(frozen=True, slots=True)
class AgeFolders:
    """Where a training reads and writes.

    Attributes
    ----------
    cohort : with a folder a part
    run : checkpoints, curves, weights
    cache : prepared inputs
    """

    cohort: Path
    run: Path
    cache: Path

    def require_sound(self) -> None:
        """Check every part on disk, also those that are not asked for now.

        Raises
        ------
        CohortError
            See `research.cohort_faults`: so nobody who is learned from is in a later part.
        """
        folders = sorted(path for path in self.cohort.iterdir() if path.is_dir())
        require_sound_cohort(self.cohort, {path.name: read_records(path) for path in folders})

    def examples(self, part: str, view: AgeView, workers: int) -> AgeExamples:
        """Prepare a part's subjects."""
        return self.prepare(part, read_records(self.cohort / part), view, workers)

    def prepare(
        self, part: str, records: Sequence[SubjectRecord], view: AgeView, workers: int
    ) -> AgeExamples:
        """Prepare some of a part's subjects."""
        kind = f"{view.spec.spacing_mm[1]:g}-{view.region.value}"
        return age_examples(self.cohort / part, records, view, self.cache / kind / part, workers)


def spec_at(spacing_mm: float) -> AgeSpec:
    """Return P1's box, the same field of view, at another in-plane spacing (docs/adr/0024)."""
    published = AgeSpec()
    slices, anterior, superior = published.shape
    ratio = published.spacing_mm[1] / spacing_mm
    return AgeSpec(
        spacing_mm=(published.spacing_mm[0], spacing_mm, spacing_mm),
        shape=(slices, round(anterior * ratio), round(superior * ratio)),
    )


def train_age(
    folders: AgeFolders, plan: AgePlan, settings: TrainingSettings, workers: int = 1
) -> AgeDCNN:
    """Train, keep the best on the validation part, and write its weights, which answer in years.

    Raises
    ------
    ValueError
        Where the run folder belongs to another plan, a part has no subjects, or the cohort
        is faulty: see `research.cohort_faults`.
    """
    training, validation = _parts(folders, plan, workers)
    _claim(folders.run, plan, settings, len(training))
    mean, deviation = float(training.targets.mean()), float(training.targets.std())
    torch.manual_seed(settings.seed)
    network = _first_network(plan, mean, deviation)
    task = Task(
        network,
        LOSSES[plan.loss],
        _Standardized(training, mean, deviation),
        _Standardized(validation, mean, deviation),
        augmentation(plan.view.spec),
    )
    # Of other weights than those to come.
    (folders.run / PREDICTIONS_FILE).unlink(missing_ok=True)
    begin = time.monotonic()
    fit(task, settings, folders.run)
    answer_in_years(network, mean, deviation)
    (folders.run / WEIGHTS_FILE).write_bytes(bytes_from_network(network))
    throughput = measure_throughput(network, training, settings)
    _finish(folders.run, time.monotonic() - begin, throughput)
    return network


def answer_in_years(network: AgeDCNN, mean: float, deviation: float) -> None:
    """Fold the standardization of the training targets into the last layer."""
    with torch.no_grad():
        network.prediction.weight.mul_(deviation)
        network.prediction.bias.mul_(deviation).add_(mean)


def answer_standardized(network: AgeDCNN, mean: float, deviation: float) -> None:
    """Undo `answer_in_years`, to train on from an exported model."""
    with torch.no_grad():
        network.prediction.weight.div_(deviation)
        network.prediction.bias.sub_(mean).div_(deviation)


@dataclass(frozen=True, slots=True, eq=False)
class _Standardized:
    """Ages in standard deviations from the training part's mean."""

    examples: Examples
    mean: float
    deviation: float

    @property
    def targets(self) -> Any:
        return ((self.examples.targets - self.mean) / self.deviation).astype(np.float32)

    def __len__(self) -> int:
        return len(self.examples)

    def load(self, place: int) -> tuple[torch.Tensor, ...]:
        return self.examples.load(place)

    def to_input(self, loaded: tuple[torch.Tensor, ...], device: torch.device) -> torch.Tensor:
        return self.examples.to_input(loaded, device)


def _parts(folders: AgeFolders, plan: AgePlan, workers: int) -> tuple[AgeExamples, AgeExamples]:
    training, validation = (
        read_records(folders.cohort / part) for part in (TRAINING_PART, VALIDATION_PART)
    )
    training = training[: plan.subjects]
    validation = validation[: max(_LEAST_VALIDATION, round(_VALIDATION_SHARE * len(training)))]
    if not training or not validation:
        raise ValueError(f"{folders.cohort} lacks subjects to train on or to validate on")
    folders.require_sound()
    return (
        folders.prepare(TRAINING_PART, training, plan.view, workers),
        folders.prepare(VALIDATION_PART, validation, plan.view, workers),
    )


def _claim(run: Path, plan: AgePlan, settings: TrainingSettings, subjects: int) -> None:
    """Say what is trained, or hold it against what the folder was begun with."""
    run.mkdir(parents=True, exist_ok=True)
    content = {
        "subjects": subjects,
        "loss": plan.loss.value,
        "region": plan.view.region.value,
        "spacing_mm": plan.view.spec.spacing_mm[1],
        "input": asdict(plan.view.spec),
        "start": None if plan.start is None else plan.start.name,
        **{field.name: getattr(settings, field.name) for field in fields(settings)},
    }
    content = json.loads(json.dumps(content))
    path = run / RUN_FILE
    free = ("epochs", "threads", "device", "seconds", "throughput")
    if path.exists():
        begun = json.loads(path.read_text())
        if any(begun.get(key) != value for key, value in content.items() if key not in free):
            raise ValueError(f"{run} was begun with other settings: name another folder")
    path.write_text(json.dumps(content, indent=1) + "\n")


def _finish(run: Path, seconds: float, throughput: Throughput) -> None:
    content = json.loads((run / RUN_FILE).read_text())
    content |= {"seconds": round(seconds, 1), "throughput": asdict(throughput)}
    (run / RUN_FILE).write_text(json.dumps(content, indent=1) + "\n")


def _first_network(plan: AgePlan, mean: float, deviation: float) -> AgeDCNN:
    network = AgeDCNN()
    if plan.start is not None and (plan.start / WEIGHTS_FILE).exists():
        load_weights(network, (plan.start / WEIGHTS_FILE).read_bytes())
        answer_standardized(network, mean, deviation)
    else:
        begin_with(network, plan.start)
    # Faster convolutions; changes the layout in memory, no number.
    network.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
    return network
