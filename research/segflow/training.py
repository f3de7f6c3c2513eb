"""Training on votes alone; no file of labels is ever opened here."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch
from monai.networks.nets import BasicUNet
from numpy.typing import NDArray
from torch import nn

from research.segflow.supervising import SupervisedCase, cases_of_fold, supervise_folder
from research.segflow.voting import IGNORED
from research.training.examples import ArrayExamples
from research.training.loop import Task, TrainingSettings, fit
from spine.errors import Code, InputError

RUN_FILE = "run.json"
VOTES_FOLDER = "votes"
# Every how many slices one is trained on; neighbors, 0.9 mm apart, are nearly the same picture.
STRIDE = 4
# Slices whose votes tell when the learning rate falls; never one of those trained on.
VALIDATION_FIRST, VALIDATION_STRIDE = 6, 8
NEIGHBORS = 1


@dataclass(frozen=True, slots=True)
class SegflowTraining:
    """How to train.

    Attributes
    ----------
    fold : leave this part of ``folds`` out of training; None trains on every image, which is
        fair where the same images are judged, since no label is used
    """

    fold: int | None = None
    folds: int = 5
    loop: TrainingSettings = field(
        default_factory=lambda: TrainingSettings(
            epochs=6, learning_rate=2e-3, batch_size=2, plateau_patience=1
        )
    )


def new_network() -> nn.Module:
    """Return a 2.5D U-Net: three neighboring slices in, background and vertebra out.

    Source
    ------
    Ronneberger et al., U-Net (MICCAI 2015), as `monai.networks.nets.BasicUNet`. P2's source
    names no architecture in its abstract.
    """
    network: nn.Module = BasicUNet(
        spatial_dims=2,
        in_channels=2 * NEIGHBORS + 1,
        out_channels=2,
        features=(12, 24, 32, 48, 64, 12),
    )
    return network


def train(folder: Path, run: Path, training: SegflowTraining) -> str:
    """Supervise by votes, train, and return a summary in one line.

    Raises
    ------
    InputError
        Without images, or where the run folder belongs to other images or settings.
    """
    cases = cases_of_fold(folder, training.fold, training.folds)
    found, skipped = supervise_folder(folder, cases, run / VOTES_FOLDER)
    _write_run(run, training, sorted(found), skipped)
    torch.manual_seed(training.loop.seed)
    network = new_network()
    fit(task_of(network, found.values()), training.loop, run)
    lines = [f"{name} skipped: {reason}" for name, reason in skipped.items()]
    lines.append(f"trained on the votes over {len(found)} images, no label read: {run}")
    return "\n".join(lines)


def task_of(network: nn.Module, cases: Iterable[SupervisedCase]) -> Task:
    """Split the slices into those trained on and those that steer the learning rate."""
    stacks = [(stacked(case.inputs), case.labels) for case in cases]
    inputs = np.concatenate([stack[::STRIDE] for stack, _ in stacks])
    targets = np.concatenate([labels[::STRIDE] for _, labels in stacks]).astype(np.int64)
    chosen = slice(VALIDATION_FIRST, None, VALIDATION_STRIDE)
    others = [(stack[chosen], labels[chosen]) for stack, labels in stacks]
    validation = ArrayExamples(
        np.concatenate([stack for stack, _ in others]),
        np.concatenate([labels for _, labels in others]).astype(np.int64),
    )
    return Task(network, vote_loss, ArrayExamples(inputs, targets), validation, augment_signal)


def stacked(inputs: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give each slice its neighbors as channels, (i, j, k) to (i, 3, j, k); edges repeat."""
    padded = np.pad(inputs, ((NEIGHBORS, NEIGHBORS), (0, 0), (0, 0)), mode="edge")
    count = len(inputs)
    return np.stack([padded[c : c + count] for c in range(2 * NEIGHBORS + 1)], axis=1)


def vote_loss(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Return the cross-entropy over the voxels on which the votes agree."""
    return nn.functional.cross_entropy(outputs, targets, ignore_index=IGNORED)


def augment_signal(stack: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """Swap left and right neighbor, and change contrast, brightness and noise."""
    if rng.random() < 0.5:
        stack = stack.flip(0)
    changed = stack ** rng.uniform(0.8, 1.25) * rng.uniform(0.85, 1.15)
    noise = rng.normal(0, rng.uniform(0, 0.08), stack.shape).astype(np.float32)
    return changed + torch.from_numpy(noise).to(stack.device)


def _write_run(
    run: Path, training: SegflowTraining, used: list[str], skipped: dict[str, str]
) -> None:
    """Say what the run was trained on, once and for all its parts."""
    loop = {key: value for key, value in asdict(training.loop).items() if key != "epochs"}
    content = {"images": used, "skipped": skipped, "fold": training.fold, "settings": loop}
    path = run / RUN_FILE
    text = json.dumps(content, indent=1) + "\n"
    if path.exists() and path.read_text() != text:
        raise InputError(
            Code.CONFLICTING_DUPLICATE, "the run folder belongs to other images or settings"
        )
    partial = path.with_suffix(".partial")
    partial.write_text(text)
    partial.replace(path)
