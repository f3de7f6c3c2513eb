"""nnU-Net's folders of one training: plans, prepared cases, checkpoints."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from research.training.segmentation.plans import DATASET, PLANS, Net

SPLITS = "splits_final.json"
TRAINER = "MarginalTrainer"
_CHECKPOINTS = ("checkpoint_latest.pth", "checkpoint_final.pth")
_FOLDERS = ("nnUNet_raw", "nnUNet_preprocessed", "nnUNet_results")


def preprocessed_folder(work: Path) -> Path:
    """Return where plans, splits and prepared cases are kept."""
    return work / "nnUNet_preprocessed" / DATASET


def cases_folder(work: Path, net: Net) -> Path:
    """Return where the prepared cases of a net are kept."""
    return preprocessed_folder(work) / f"{PLANS}_{net.configuration}"


def results_folder(work: Path, net: Net, fold: int) -> Path:
    """Return where checkpoints and curves of a fold are kept."""
    name = f"{TRAINER}__{PLANS}__{net.configuration}"
    return work / "nnUNet_results" / DATASET / name / f"fold_{fold}"


def latest_checkpoint(work: Path, net: Net, fold: int) -> Path | None:
    """Return the newest checkpoint of a fold, or None before the first."""
    folder = results_folder(work, net, fold)
    existing = [folder / name for name in _CHECKPOINTS if (folder / name).exists()]
    return max(existing, key=lambda path: path.stat().st_mtime_ns, default=None)


@contextmanager
def nnunet_folders(work: Path) -> Iterator[None]:
    """Point nnU-Net to its folders under `work`, in this process and only inside the block."""
    wanted = {name: str(work / name) for name in _FOLDERS} | {"nnUNet_n_proc_DA": "0"}
    before = {name: os.environ.get(name) for name in wanted}
    for name in _FOLDERS:
        (work / name).mkdir(parents=True, exist_ok=True)
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
