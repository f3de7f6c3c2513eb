"""Train a fold of one net with nnU-Net, in the window that inference uses."""

from pathlib import Path
from shutil import which
from typing import Any

import numpy as np

from research.training.segmentation.cases import prepare
from research.training.segmentation.config import TrainingConfig
from research.training.segmentation.folders import (
    latest_checkpoint,
    nnunet_folders,
    preprocessed_folder,
    results_folder,
)
from research.training.segmentation.memory import keep_memory
from research.training.segmentation.plans import PLANS
from research.training.segmentation.sources import read_sources
from research.training.segmentation.starting import begin_with, read_parts


def train(config: TrainingConfig, work: Path, fold: int, threads: int = 1) -> Path:
    """Train one fold, going on from its newest checkpoint, and return its folder.

    Parameters
    ----------
    work : nnU-Net's folders are made below it, for each net apart; the prepared cases serve
        all folds
    fold : 0 to ``folds - 1`` leave that fold's patients out; ``folds`` trains on all

    Raises
    ------
    ValueError
        If there is no such fold.
    """
    if not 0 <= fold <= config.folds:
        raise ValueError(f"fold {fold}: there are 0 to {config.folds - 1}, and {config.folds}: all")
    data = read_sources(config)
    work = work / config.net
    keep_memory()
    with nnunet_folders(work):
        prepare(data, config, work)
        trainer = _trainer(config, work, fold, threads)
        trainer.run_training()
    return results_folder(work, config.net, fold)


def _trainer(config: TrainingConfig, work: Path, fold: int, threads: int) -> Any:
    """Set nnU-Net's trainer up as a config says."""
    import torch  # noqa: PLC0415 - heavy
    from batchgenerators.utilities.file_and_folder_operations import (  # noqa: PLC0415 - heavy
        load_json,
    )

    from research.training.segmentation.trainer import MarginalTrainer  # noqa: PLC0415 - heavy

    torch.set_num_threads(threads)
    checkpoint = latest_checkpoint(work, config.net, fold)
    base = preprocessed_folder(work)
    plans = load_json(str(base / f"{PLANS}.json")) | {"continue_training": checkpoint is not None}
    plans["configurations"][config.net.configuration]["batch_size"] = config.batch_size
    dataset = load_json(str(base / "dataset.json"))
    trainer = MarginalTrainer(plans, config.net.configuration, fold, dataset, torch.device("cpu"))
    _set(trainer, config)
    trainer.initialize()
    _fill(trainer, config, checkpoint, frozenset(read_parts(work)[fold]["val"]))
    # nnU-Net draws from both; another epoch draws anew after a resume.
    torch.manual_seed(config.seed + trainer.current_epoch)
    np.random.seed(config.seed + trainer.current_epoch)  # noqa: NPY002
    return trainer


def _fill(
    trainer: Any, config: TrainingConfig, checkpoint: Path | None, held_out: frozenset[str]
) -> None:
    """Go on from a checkpoint, or begin with the weights that the config names, if any."""
    if checkpoint is not None:
        trainer.load_checkpoint(str(checkpoint))
    elif config.start is not None:
        begin_with(config.start, trainer.network, config.net, held_out)
    if config.compiled and which("g++"):
        # In place, so that names of weights stay; nnU-Net itself leaves it out on a CPU.
        trainer.network.compile()


def _set(trainer: Any, config: TrainingConfig) -> None:
    """Say what nnU-Net leaves to attributes, before it builds optimizer and loaders."""
    trainer.initial_lr, trainer.weight_decay = config.learning_rate, config.weight_decay
    trainer.num_epochs, trainer.num_iterations_per_epoch = config.epochs, config.iterations
    trainer.num_val_iterations_per_epoch = config.validation_iterations
    trainer.oversample_foreground_percent = config.foreground_share
    trainer.rotation_degrees = config.rotation_degrees
