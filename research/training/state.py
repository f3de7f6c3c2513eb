"""Network, optimizer and scheduler, as saved between epochs."""

from pathlib import Path
from typing import Protocol

import torch
from torch import nn


class OptimizerSettings(Protocol):
    """Of Adam, and of the plateau that lowers its learning rate."""

    @property
    def learning_rate(self) -> float: ...
    @property
    def weight_decay(self) -> float: ...
    @property
    def plateau_factor(self) -> float: ...
    @property
    def plateau_patience(self) -> int: ...


class TrainingState:
    """What changes from epoch to epoch."""

    def __init__(self, network: nn.Module, settings: OptimizerSettings) -> None:
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
        """Of the next epoch."""
        return float(self.optimizer.param_groups[0]["lr"])

    def finish_epoch(self, validation_loss: float) -> bool:
        """Count the epoch; return whether it is the best so far."""
        self.scheduler.step(validation_loss)
        self.epoch += 1
        is_best = validation_loss < self.best_loss
        self.best_loss = min(self.best_loss, validation_loss)
        return is_best

    def save(self, path: Path) -> None:
        """Write all of it, or nothing."""
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

    def resume(self, path: Path, device: torch.device) -> None:
        """Read what was saved, if anything was."""
        if not path.exists():
            return
        state = torch.load(path, map_location=device, weights_only=True)
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.scheduler.load_state_dict(state["scheduler"])
        self.epoch, self.best_loss = state["epoch"], state["best_loss"]
