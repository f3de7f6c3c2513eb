"""Where the fitting of a disc network stands, saved from time to time and resumed."""

import copy
import csv
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from research.training.discs.batches import weights_path
from research.training.discs.fit_settings import FitSettings
from spine.inference.weights import bytes_from_network
from spine.networks.vgg_m import VGGM

CURVES_FILE = "curves.csv"
_LAST_FILE = "last.pt"
_SAVE_EVERY_S = 60.0


def last_layer(network: VGGM) -> nn.Linear:
    """Return the layer that gives the logits."""
    last = network.classifier[-1]
    if not isinstance(last, nn.Linear):
        raise TypeError("the last layer of a VGG-M is linear")
    return last


class FitState:
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

    def finish_epoch(self, epoch: int, trained: float, held_out: float | None) -> None:
        """Keep the weights if they are the best so far, or if nobody tells which are."""
        if held_out is None or held_out < self.best_loss:
            self.best_loss = self.best_loss if held_out is None else held_out
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
