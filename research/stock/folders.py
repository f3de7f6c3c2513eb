"""A trained model folder of nnU-Net v2: plans, data set, and the checkpoint of one fold."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# A training that was stopped has its best alone.
_CHECKPOINTS = ("checkpoint_final.pth", "checkpoint_best.pth")


@dataclass(frozen=True, slots=True)
class StockFolder:
    """What a folder holds, read but not yet believed.

    Attributes
    ----------
    path : ``TRAINER__PLANS__CONFIGURATION``
    plans, dataset : ``plans.json`` and ``dataset.json``
    checkpoint : of the fold, not yet opened
    """

    path: Path
    plans: dict[str, Any]
    dataset: dict[str, Any]
    checkpoint: Path

    @property
    def name(self) -> str:
        """Name of the data set that it was trained on, as its plans state it."""
        return str(self.plans.get("dataset_name", self.path.name))


def read_stock_folder(path: Path, fold: str) -> StockFolder:
    """Find the files of one fold.

    Parameters
    ----------
    fold : a number, or ``all``

    Raises
    ------
    ValueError
        If a file is missing or no JSON; it says what is there instead.
    """
    plans, dataset = _json(path, "plans.json"), _json(path, "dataset.json")
    folder = path / f"fold_{fold}"
    if not folder.is_dir():
        raise ValueError(f"{path}: no fold {fold}; {_present(path, 'fold_*')}")
    found = [folder / name for name in _CHECKPOINTS if (folder / name).is_file()]
    if not found:
        raise ValueError(f"{folder}: neither {' nor '.join(_CHECKPOINTS)}; {_present(folder, '*')}")
    return StockFolder(path, plans, dataset, found[0])


def _json(path: Path, name: str) -> dict[str, Any]:
    try:
        content = json.loads((path / name).read_text())
    except OSError as error:
        wanted = "name the folder TRAINER__PLANS__CONFIGURATION"
        raise ValueError(f"{path}: no {name}; {wanted}; {_present(path, '*')}") from error
    except ValueError as error:
        raise ValueError(f"{path / name}: no JSON") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path / name}: no JSON object")
    return content


def _present(path: Path, pattern: str) -> str:
    names = sorted(found.name for found in path.glob(pattern))
    return f"there is {', '.join(names)}" if names else "there is nothing"
