"""Training the segmentation network: nnU-Net's trainer, in the window that inference uses."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from research.training.segmentation_data import (
    latest_checkpoint,
    nnunet_folders,
    prepare,
    results_folder,
)
from research.training.segmentation_plans import (
    CONFIGURATION,
    DATASET,
    PLANS,
    TRAINER,
    WINDOW,
)


@dataclass(frozen=True, slots=True)
class SegmentationTraining:
    """How to train.

    Attributes
    ----------
    minutes : wall clock; the learning rate falls to zero at its end
    iterations : of one epoch, after which progress is logged and a checkpoint written
    rotation_degrees : in-plane, either way; nnU-Net's own half turns would swap head and foot
    """

    minutes: float
    iterations: int = 25
    validation_iterations: int = 4
    learning_rate: float = 3e-3
    weight_decay: float = 3e-5
    rotation_degrees: float = 12.0
    validation_share: float = 0.1
    threads: int = 1


def train(cohort: Path, work: Path, training: SegmentationTraining, *, resume: bool) -> Path:
    """Train one fold, resumable, and return the folder of its checkpoints and curves.

    Parameters
    ----------
    cohort : ``<subject>_<view>_image.nii`` and ``..._labels.nii``
    work : nnU-Net's folders are made below it
    """
    import torch  # noqa: PLC0415 - heavy
    from nnunetv2.run.run_training import get_trainer_from_args  # noqa: PLC0415 - heavy

    torch.set_num_threads(training.threads)
    with nnunet_folders(work):
        prepare(cohort, work, WINDOW, training.validation_share)
        trainer = get_trainer_from_args(
            DATASET, CONFIGURATION, 0, TRAINER, PLANS, resume, torch.device("cpu")
        )
        _adapt(trainer, training)
        trainer.initialize()
        _use_bfloat16(trainer.network)
        checkpoint = latest_checkpoint(work)
        if resume and checkpoint is not None:
            trainer.load_checkpoint(str(checkpoint))
        _run(trainer, _Budget(training))
        return results_folder(work)


class _Budget:
    """A learning rate that falls with the time left, polynomially as nnU-Net's does."""

    def __init__(self, training: SegmentationTraining) -> None:
        self._seconds = training.minutes * 60
        self._rate = training.learning_rate
        self._begin = time.monotonic()
        self.optimizer: Any = None

    @property
    def left(self) -> float:
        """Share of the time left, 0 at the end."""
        return max(0.0, 1 - (time.monotonic() - self._begin) / self._seconds)

    def step(self, _epoch: int) -> None:
        """Set the optimizer's learning rate, once an epoch or an iteration."""
        for group in self.optimizer.param_groups:
            group["lr"] = self._rate * self.left**0.9


def _adapt(trainer: Any, training: SegmentationTraining) -> None:
    """Set what nnU-Net leaves to subclasses, on the instance (docs/adr/0031)."""
    import torch  # noqa: PLC0415 - heavy

    trainer.num_iterations_per_epoch = training.iterations
    trainer.num_val_iterations_per_epoch = training.validation_iterations
    trainer.save_every = 1

    def whole_window() -> tuple[tuple[float, float], bool, Any, tuple[int, ...]]:
        angle = float(np.radians(training.rotation_degrees))
        patch = trainer.configuration_manager.patch_size
        # Rotate in plane; mirror left and right only: head and foot must stay apart.
        trainer.inference_allowed_mirroring_axes = (0,)
        return (-angle, angle), True, patch, (0,)

    def adam() -> tuple[Any, None]:
        optimizer = torch.optim.AdamW(
            trainer.network.parameters(), training.learning_rate, weight_decay=training.weight_decay
        )
        return optimizer, None

    trainer.configure_rotation_dummyDA_mirroring_and_inital_patch_size = whole_window
    trainer.configure_optimizers = adam


def _use_bfloat16(network: Any) -> None:
    """Run the network in mixed precision where the CPU computes it in hardware.

    Twice as fast with AVX-512 BF16; without it, many times slower. The loss stays in float32.
    """
    import torch  # noqa: PLC0415 - heavy

    if not torch.cpu._is_avx512_bf16_supported():
        return
    forward = network.forward

    def mixed(image: Any) -> Any:
        with torch.autocast("cpu", torch.bfloat16):
            outputs = forward(image)
        if isinstance(outputs, list | tuple):
            return [output.float() for output in outputs]
        return outputs.float()

    network.forward = mixed


def _run(trainer: Any, budget: _Budget) -> None:
    """Call the trainer's own steps, as its ``run_training`` does, until the time is spent."""
    budget.optimizer = trainer.optimizer
    trainer.lr_scheduler = budget
    trainer.num_epochs = 10**9
    trainer.on_train_start()
    _run_epoch(trainer, budget)
    while budget.left > 0:
        _run_epoch(trainer, budget)
    trainer.on_train_end()


def _run_epoch(trainer: Any, budget: _Budget) -> None:
    import torch  # noqa: PLC0415 - heavy

    trainer.on_epoch_start()
    trainer.on_train_epoch_start()
    losses = []
    for _ in range(trainer.num_iterations_per_epoch):
        budget.step(trainer.current_epoch)
        losses.append(trainer.train_step(next(trainer.dataloader_train)))
    trainer.on_train_epoch_end(losses)
    with torch.no_grad():
        trainer.on_validation_epoch_start()
        outputs = [
            trainer.validation_step(next(trainer.dataloader_val))
            for _ in range(trainer.num_val_iterations_per_epoch)
        ]
        trainer.on_validation_epoch_end(outputs)
    trainer.on_epoch_end()
