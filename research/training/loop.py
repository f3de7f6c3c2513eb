"""One training loop for every network: resumable, with curves and the best checkpoint."""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray
from torch import nn
from tqdm import tqdm

from spine.inference.weights import bytes_from_network, load_weights

LAST_FILE = "last.pt"
BEST_FILE = "best.safetensors"
CURVES_FILE = "curves.csv"

_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
_SETTLING_EXAMPLES = 64

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
Augmentation = Callable[[NDArray[np.float32], np.random.Generator], NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """How to train; the defaults are P1's (section 3.3.3), where P1 gives them.

    Attributes
    ----------
    epochs : P1 does not say how many
    plateau_factor, plateau_patience : of the learning rate, on the validation loss
    freeze_norms : normalize by settled statistics instead of each small batch's own, whose
        noise hides what is the same all over an image, such as its age
    """

    epochs: int
    learning_rate: float = 0.01
    weight_decay: float = 0.0
    batch_size: int = 2
    plateau_factor: float = 0.3
    plateau_patience: int = 5
    freeze_norms: bool = False
    seed: int = 0
    threads: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Inputs and what the network should answer, same first axis; may be memory maps."""

    inputs: NDArray[np.float32]
    targets: NDArray[Any]

    def __len__(self) -> int:
        """Return the number of examples."""
        return len(self.targets)


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """What to train, and on what.

    Attributes
    ----------
    augment : changes one training input, given a generator; its result has the same shape
    """

    network: nn.Module
    loss: Loss
    training: Examples
    validation: Examples
    augment: Augmentation


def begin_with(network: nn.Module, run: Path | None) -> None:
    """Load the best weights of an earlier run of the same architecture, if there is one."""
    if run is not None:
        load_weights(network, (run / BEST_FILE).read_bytes())


def fit(task: Task, settings: TrainingSettings, run: Path) -> None:
    """Train with Adam, continuing where the run folder left off.

    Every epoch writes ``last.pt`` (resumable), appends to ``curves.csv``, and keeps the
    weights of the lowest validation loss as ``best.safetensors``, loaded in the end. What is
    random depends on seed and epoch alone, so that a resumed run equals an unbroken one.
    """
    run.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(settings.threads)
    state = _TrainingState(task.network, settings)
    state.resume(run / LAST_FILE)
    epochs = tqdm(range(state.epoch, settings.epochs), desc=run.name, mininterval=5)
    for epoch in epochs:
        if settings.freeze_norms and epoch == 0:
            settle_statistics(task.network, task.training.inputs, settings)
        training_loss = _train_epoch(task, settings, state, epoch)
        if not settings.freeze_norms:
            settle_statistics(task.network, task.training.inputs, settings)
        validation_loss = evaluate_loss(task, settings.batch_size)
        is_best = state.finish_epoch(validation_loss)
        if is_best:
            (run / BEST_FILE).write_bytes(bytes_from_network(task.network))
        _append_curves(run, epoch, training_loss, validation_loss, state.learning_rate)
        state.save(run / LAST_FILE)
        epochs.set_postfix(training=training_loss, validation=validation_loss)
    draw_curves(run)
    load_weights(task.network, (run / BEST_FILE).read_bytes())


def evaluate_loss(task: Task, batch_size: int) -> float:
    """Return the mean validation loss."""
    outputs = predict(task.network, task.validation.inputs, batch_size)
    targets = torch.from_numpy(np.asarray(task.validation.targets))
    return float(task.loss(torch.from_numpy(outputs), targets))


def settle_statistics(
    network: nn.Module, inputs: NDArray[np.float32], settings: TrainingSettings
) -> None:
    """Replace the running batch-norm statistics by those of the network as it is now.

    Running averages over batches of two lag behind the weights and jump with every batch,
    and the validation loss with them.
    """
    norms = _norms(network)
    if not norms:
        return
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
    chosen = np.random.default_rng(settings.seed).permutation(len(inputs))[:_SETTLING_EXAMPLES]
    torch.manual_seed(settings.seed)  # of dropout
    network.train()
    with torch.no_grad():
        for start in range(0, len(chosen) - 1, settings.batch_size):
            batch = np.sort(chosen[start : start + settings.batch_size])
            network(torch.from_numpy(inputs[batch]))
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum


def _norms(network: nn.Module) -> list[nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d]:
    return [module for module in network.modules() if isinstance(module, _NORMS)]


def predict(
    network: nn.Module, inputs: NDArray[np.float32], batch_size: int
) -> NDArray[np.float32]:
    """Run a network over all inputs, leaving it in evaluation mode."""
    network.eval()
    with torch.inference_mode():
        outputs = [
            network(torch.from_numpy(np.array(inputs[start : start + batch_size]))).numpy()
            for start in range(0, len(inputs), batch_size)
        ]
    return np.concatenate(outputs)


def draw_curves(run: Path) -> None:
    """Draw ``curves.png`` from ``curves.csv``."""
    with (run / CURVES_FILE).open(newline="") as file:
        rows = list(csv.DictReader(file))
    figure = Figure(figsize=(6, 4))
    axes = figure.subplots()
    for name in ("training_loss", "validation_loss"):
        axes.semilogy([float(row[name]) for row in rows], label=name.replace("_", " "))
    axes.set_xlabel("epoch")
    axes.legend()
    figure.savefig(run / "curves.png", dpi=100)


class _TrainingState:
    """Network, optimizer and scheduler, as saved between epochs."""

    def __init__(self, network: nn.Module, settings: TrainingSettings) -> None:
        self.network = network
        self.optimizer = torch.optim.Adam(
            network.parameters(), settings.learning_rate, weight_decay=settings.weight_decay
        )
        self.scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(
            self.optimizer, factor=settings.plateau_factor, patience=settings.plateau_patience
        )
        self.epoch = 0
        self.best_loss = float("inf")

    @property
    def learning_rate(self) -> float:
        return float(self.optimizer.param_groups[0]["lr"])

    def finish_epoch(self, validation_loss: float) -> bool:
        """Count the epoch; return whether it is the best so far."""
        self.scheduler.step(validation_loss)
        self.epoch += 1
        is_best = validation_loss < self.best_loss
        self.best_loss = min(self.best_loss, validation_loss)
        return is_best

    def save(self, path: Path) -> None:
        state = {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scheduler": self.scheduler.state_dict(),
            "epoch": self.epoch,
            "best_loss": self.best_loss,
        }
        partial = path.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(path)

    def resume(self, path: Path) -> None:
        if not path.exists():
            return
        state = torch.load(path, weights_only=True)
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.scheduler.load_state_dict(state["scheduler"])
        self.epoch, self.best_loss = state["epoch"], state["best_loss"]


def _train_epoch(
    task: Task, settings: TrainingSettings, state: _TrainingState, epoch: int
) -> float:
    rng = np.random.default_rng([settings.seed, epoch])
    torch.manual_seed(int(rng.integers(2**31)))
    task.network.train()
    if settings.freeze_norms:
        for norm in _norms(task.network):
            norm.eval()
    order = rng.permutation(len(task.training))
    losses = []
    # A last batch of one is left out: batch-norm needs two.
    for start in range(0, len(order) - 1, settings.batch_size):
        chosen = order[start : start + settings.batch_size]
        inputs = np.stack([task.augment(task.training.inputs[index], rng) for index in chosen])
        outputs = task.network(torch.from_numpy(inputs))
        loss = task.loss(outputs, torch.from_numpy(task.training.targets[chosen]))
        state.optimizer.zero_grad()
        torch.autograd.backward(loss)
        state.optimizer.step()
        losses.append(float(loss.detach()))
    return float(np.mean(losses))


def _append_curves(
    run: Path, epoch: int, training_loss: float, validation_loss: float, learning_rate: float
) -> None:
    path = run / CURVES_FILE
    is_new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.writer(file)
        if is_new:
            writer.writerow(["epoch", "training_loss", "validation_loss", "learning_rate"])
        writer.writerow([epoch, training_loss, validation_loss, learning_rate])
