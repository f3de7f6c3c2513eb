"""One training loop for every network: resumable, on one or more devices, with curves."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from tqdm import tqdm

from research.training.curves import append_curves, draw_curves
from research.training.examples import Examples, batches
from research.training.ranks import Rank, joined
from research.training.state import TrainingState
from spine.inference.weights import bytes_from_network, load_weights

LAST_FILE = "last.pt"
BEST_FILE = "best.safetensors"

_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
_SETTLING_EXAMPLES = 64

Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
Augmentation = Callable[[torch.Tensor, np.random.Generator], torch.Tensor]


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """How to train; the defaults are P1's (section 3.3.3), where P1 gives them.

    Attributes
    ----------
    epochs : P1 does not say how many
    batch_size : of each process
    plateau_factor, plateau_patience : of the learning rate, on the validation loss
    freeze_norms : normalize by settled statistics instead of each small batch's own, whose
        noise hides what is the same all over an image, such as its age
    device : ``cpu`` or ``cuda``
    mixed_precision : compute in bfloat16 where that is faster, on CUDA alone
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
    device: str = "cpu"
    mixed_precision: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """What to train, and on what.

    Attributes
    ----------
    augment : changes one training input on its device, given a generator; the shape stays
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
    Started by ``torchrun``, every process takes its share of each epoch.
    """
    run.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(settings.threads)
    with joined(settings.device) as rank:
        task.network.to(rank.device)
        trainer = _Trainer(task, settings, rank)
        trainer.train(run)
        rank.wait()
        load_weights(task.network, (run / BEST_FILE).read_bytes())


def evaluate_loss(task: Task, batch_size: int, places: NDArray[np.intp] | None = None) -> float:
    """Return the mean validation loss, of all examples by default."""
    chosen = np.arange(len(task.validation)) if places is None else places
    outputs = predict(task.network, task.validation, batch_size, chosen)
    targets = torch.from_numpy(np.asarray(task.validation.targets)[chosen])
    return float(task.loss(torch.from_numpy(outputs), targets))


def settle_statistics(network: nn.Module, examples: Examples, settings: TrainingSettings) -> None:
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
    count = len(examples)
    chosen = np.random.default_rng(settings.seed).permutation(count)[:_SETTLING_EXAMPLES]
    torch.manual_seed(settings.seed)  # of dropout
    network.train()
    device = next(network.parameters()).device
    with torch.no_grad():
        for places, inputs in batches(examples, chosen, settings.batch_size, device):
            if len(places) > 1:
                network(torch.stack(inputs))
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum


def predict(
    network: nn.Module, examples: Examples, batch_size: int, places: NDArray[np.intp] | None = None
) -> NDArray[np.float32]:
    """Run a network over inputs on its device, leaving it in evaluation mode.

    Parameters
    ----------
    places : which examples; all by default
    """
    network.eval()
    device = next(network.parameters()).device
    chosen = np.arange(len(examples)) if places is None else places
    with torch.inference_mode():
        outputs = [
            network(torch.stack(inputs)).float().cpu().numpy()
            for _, inputs in batches(examples, chosen, batch_size, device)
        ]
    return np.concatenate(outputs)


def _norms(network: nn.Module) -> list[nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d]:
    return [module for module in network.modules() if isinstance(module, _NORMS)]


class _Trainer:
    """One process's part of a training."""

    def __init__(self, task: Task, settings: TrainingSettings, rank: Rank) -> None:
        self.task, self.settings, self.rank = task, settings, rank
        self.state = TrainingState(task.network, settings)

    def train(self, run: Path) -> None:
        self.state.resume(run / LAST_FILE, self.rank.device)
        shared = self.rank.parallel(self.task.network)
        epochs = tqdm(
            range(self.state.epoch, self.settings.epochs),
            desc=run.name,
            mininterval=5,
            disable=not self.rank.is_first,
        )
        for epoch in epochs:
            training_loss = self._epoch(shared, epoch)
            validation_loss = self._validate()
            is_best = self.state.finish_epoch(validation_loss)
            if self.rank.is_first:
                if is_best:
                    (run / BEST_FILE).write_bytes(bytes_from_network(self.task.network))
                losses = training_loss, validation_loss
                append_curves(run, epoch, losses, self.state.learning_rate)
                self.state.save(run / LAST_FILE)
                draw_curves(run)
            epochs.set_postfix(training=training_loss, validation=validation_loss)

    def _epoch(self, shared: nn.Module, epoch: int) -> float:
        task, settings = self.task, self.settings
        if settings.freeze_norms and epoch == 0:
            settle_statistics(task.network, task.training, settings)
        loss = self._pass(shared, np.random.default_rng([settings.seed, epoch]))
        if not settings.freeze_norms:
            settle_statistics(task.network, task.training, settings)
        return loss

    def _pass(self, shared: nn.Module, rng: np.random.Generator) -> float:
        """Show every training example once, in an order that all ranks draw alike."""
        settings, rank = self.settings, self.rank
        torch.manual_seed(int(rng.integers(2**31)))
        order = rng.permutation(len(self.task.training))
        own = order[rank.share(len(order))]
        shared.train()
        if settings.freeze_norms:
            for norm in _norms(self.task.network):
                norm.eval()
        losses = [
            self._step(shared, places, [self.task.augment(one, rng) for one in inputs])
            # A last batch of one is left out: batch-norm needs two.
            for places, inputs in batches(self.task.training, own, settings.batch_size, rank.device)
            if len(places) > 1
        ]
        return rank.mean(float(torch.stack(losses).mean()), len(losses))

    def _step(
        self, shared: nn.Module, places: NDArray[np.intp], inputs: list[torch.Tensor]
    ) -> torch.Tensor:
        device = self.rank.device
        targets = torch.from_numpy(self.task.training.targets[places]).to(device)
        is_mixed = self.settings.mixed_precision and device.type == "cuda"
        with torch.autocast(device.type, torch.bfloat16, enabled=is_mixed):
            outputs = shared(torch.stack(inputs))
        loss = self.task.loss(outputs.float(), targets)
        self.state.optimizer.zero_grad()
        torch.autograd.backward(loss)
        self.state.optimizer.step()
        # Kept on the device: reading every one would make the device wait.
        return loss.detach()

    def _validate(self) -> float:
        count = len(self.task.validation)
        places = np.arange(count)[self.rank.number :: self.rank.count]
        loss = evaluate_loss(self.task, self.settings.batch_size, places)
        return self.rank.mean(loss, len(places))
