"""Fitting one disc network on a device: resumable, the best epoch kept."""

import copy
import csv
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from research.training.discs.balance import Balance, class_weights, epoch_order
from research.training.discs.batches import DeviceInputs, augmented, weights_path
from spine.inference.weights import bytes_from_network, load_weights
from spine.networks.vgg_m import VGGM

Integers = NDArray[np.int64]

_LAST_FILE, CURVES_FILE = "last.pt", "curves.csv"
_SAVE_EVERY_S = 60.0
_PREDICT_BATCH = 512


@dataclass(frozen=True, slots=True)
class FitSettings:
    """How to train; P2's appendix is not public: these are ours (docs/adr/0098).

    Attributes
    ----------
    warmup_epochs : over which the learning rate rises, before it falls as a cosine
    average_decay : share of the running average of the weights that a step keeps
    baseline_weight : of a second loss while training: a layer that does not ship reads the
        baseline grade from the same features, for the course starts from what is there
    """

    epochs: int = 30
    learning_rate: float = 5e-4
    weight_decay: float = 1e-4
    batch_size: int = 64
    warmup_epochs: float = 1.0
    largest_gradient: float = 5.0
    average_decay: float = 0.995
    baseline_weight: float = 0.5
    seed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Discs:
    """Some discs.

    Attributes
    ----------
    places : where their inputs are
    targets, baselines : follow-up and baseline grades as classes from 0
    """

    places: Integers
    targets: Integers
    baselines: Integers

    def __len__(self) -> int:
        """Return the number of discs."""
        return len(self.targets)


def fit_network(
    network: VGGM,
    inputs: DeviceInputs,
    parts: tuple[Discs, Discs],
    settings: FitSettings,
    folder: Path,
    balance: Balance = Balance.PLAIN,
) -> None:
    """Train on (training, inner validation) discs and leave the best epoch's weights.

    Measured and kept is a running average of the weights, which a few thousand discs with
    noisy courses move less than the weights themselves.

    What is random depends on seed and epoch alone, so that a resumed run equals an unbroken
    one; a finished one is only loaded.
    """
    training, validation = parts
    state = _State(network, settings, folder, inputs.device)
    if state.epoch < settings.epochs:
        for epoch in range(state.epoch, settings.epochs):
            trained = _train_epoch(state, inputs, training, balance)
            logits = torch.from_numpy(predict_logits(state.average, inputs, validation.places))
            answers = torch.from_numpy(validation.targets)
            held_out = float(nn.functional.cross_entropy(logits, answers))
            state.finish_epoch(epoch, trained, held_out)
        state.save()
    load_weights(network, weights_path(folder).read_bytes())


def predict_logits(
    network: nn.Module, inputs: DeviceInputs, places: Integers
) -> NDArray[np.float32]:
    """Run a network over discs, leaving it in evaluation mode."""
    network.eval()
    with torch.inference_mode():
        outputs = [
            network(inputs.take(places[start : start + _PREDICT_BATCH])).float().cpu().numpy()
            for start in range(0, len(places), _PREDICT_BATCH)
        ]
    return np.concatenate(outputs)


def last_layer(network: VGGM) -> nn.Linear:
    """Return the layer that gives the logits."""
    last = network.classifier[-1]
    if not isinstance(last, nn.Linear):
        raise TypeError("the last layer of a VGG-M is linear")
    return last


class _State:
    """Network, second head, optimizer, epoch and best loss, as saved from time to time."""

    def __init__(
        self, network: VGGM, settings: FitSettings, folder: Path, device: torch.device
    ) -> None:
        self.network, self.settings, self.folder = network, settings, folder
        last = last_layer(network)
        torch.manual_seed(settings.seed)
        self.baseline_head = nn.Linear(last.in_features, last.out_features).to(device)
        network.to(device)
        self.average, self.steps = copy.deepcopy(network), 0
        self.optimizer = torch.optim.Adam(
            [*network.parameters(), *self.baseline_head.parameters()],
            settings.learning_rate,
            weight_decay=settings.weight_decay,
        )
        self.epoch, self.best_loss = 0, float("inf")
        self._saved_at = time.monotonic()
        folder.mkdir(parents=True, exist_ok=True)
        self._resume()

    def learning_rate(self, position: float) -> float:
        """Return the rate at a position in epochs."""
        settings = self.settings
        if position < settings.warmup_epochs:
            return settings.learning_rate * (position + 0.02) / settings.warmup_epochs
        share = (position - settings.warmup_epochs) / (settings.epochs - settings.warmup_epochs)
        return float(settings.learning_rate * 0.5 * (1 + np.cos(np.pi * min(share, 1))))

    def finish_step(self) -> None:
        """Move the average towards the weights: fast at first, then 0.5 % a step."""
        self.steps += 1
        kept = min(self.settings.average_decay, self.steps / (self.steps + 9))
        with torch.no_grad():
            for mean, now in zip(self.average.parameters(), self.network.parameters(), strict=True):
                mean.lerp_(now, 1 - kept)

    def finish_epoch(self, epoch: int, trained: float, held_out: float) -> None:
        """Keep the weights if they are the best so far."""
        if held_out < self.best_loss:
            self.best_loss = held_out
            weights_path(self.folder).write_bytes(bytes_from_network(self.average))
        with (self.folder / CURVES_FILE).open("a", newline="") as file:
            csv.writer(file, lineterminator="\n").writerow([epoch, trained, held_out])
        self.epoch = epoch + 1
        if time.monotonic() - self._saved_at > _SAVE_EVERY_S:
            self.save()

    def save(self) -> None:
        """Write all that a resumed run needs; the optimizer's only if there is more to do."""
        is_done = self.epoch >= self.settings.epochs
        content: dict[str, Any] = {"epoch": self.epoch, "best_loss": self.best_loss}
        if not is_done:
            content["steps"] = self.steps
            content["network"] = self.network.state_dict()
            content["average"] = self.average.state_dict()
            content["baseline_head"] = self.baseline_head.state_dict()
            content["optimizer"] = self.optimizer.state_dict()
        partial = self.folder / f"{_LAST_FILE}.partial"
        torch.save(content, partial)
        partial.replace(self.folder / _LAST_FILE)
        self._saved_at = time.monotonic()

    def _resume(self) -> None:
        path = self.folder / _LAST_FILE
        if not path.exists():
            (self.folder / CURVES_FILE).write_text("epoch,training_loss,validation_loss\n")
            return
        content = torch.load(path, weights_only=True, map_location="cpu")
        self.epoch, self.best_loss = content["epoch"], content["best_loss"]
        # Epochs after the last save are trained again.
        lines = (self.folder / CURVES_FILE).read_text().splitlines(keepends=True)
        (self.folder / CURVES_FILE).write_text("".join(lines[: self.epoch + 1]))
        if "network" in content:
            self.steps = content["steps"]
            self.network.load_state_dict(content["network"])
            self.average.load_state_dict(content["average"])
            self.baseline_head.load_state_dict(content["baseline_head"])
            self.optimizer.load_state_dict(content["optimizer"])


def _weights(training: Discs, balance: Balance, classes: int) -> torch.Tensor | None:
    if balance is not Balance.WEIGHTED:
        return None
    return torch.from_numpy(class_weights(training.targets, classes))


def _train_epoch(state: _State, inputs: DeviceInputs, training: Discs, balance: Balance) -> float:
    settings = state.settings
    rng = np.random.default_rng([settings.seed, state.epoch, 32])
    torch.manual_seed(int(rng.integers(2**31)))
    state.network.train()
    order = epoch_order(balance, training.targets, rng)
    starts = range(0, len(order), settings.batch_size)
    weights = _weights(training, balance, state.baseline_head.out_features)
    total = torch.zeros((), device=inputs.device)
    for step, start in enumerate(starts):
        chosen = order[start : start + settings.batch_size]
        for group in state.optimizer.param_groups:
            group["lr"] = state.learning_rate(state.epoch + step / len(starts))
        regions = augmented(inputs.take(training.places[chosen]), rng)
        total += _step(
            state, regions, (training.targets[chosen], training.baselines[chosen]), weights
        )
    return float(total) / len(starts)


def _step(
    state: _State,
    regions: torch.Tensor,
    grades: tuple[Integers, Integers],
    weights: torch.Tensor | None,
) -> torch.Tensor:
    """Take one step on follow-up and baseline grades; return the loss on the device."""
    network, device = state.network, regions.device
    after, before = (torch.from_numpy(value).to(device) for value in grades)
    features = network.classifier[:-1](network.features(regions))
    balanced = weights if weights is None else weights.to(device)
    loss = nn.functional.cross_entropy(network.classifier[-1](features), after, balanced)
    read = nn.functional.cross_entropy(state.baseline_head(features), before)
    state.optimizer.zero_grad()
    torch.autograd.backward(loss + state.settings.baseline_weight * read)
    nn.utils.clip_grad_norm_(network.parameters(), state.settings.largest_gradient)
    state.optimizer.step()
    state.finish_step()
    return loss.detach()
