"""How good the label-free masks are: the only file of this room that reads labels."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from monai.metrics import compute_dice
from numpy.typing import NDArray
from tqdm import tqdm

from research.measurements import Data, Measurement, write_measurements
from research.segflow.images import list_cases, read_work_image
from research.segflow.prediction import by_network, by_votes
from research.segflow.training import RUN_FILE, new_network
from research.training.loop import BEST_FILE
from spine.errors import SpineError
from spine.imaging import nifti
from spine.imaging.orientation import canonical
from spine.inference.weights import load_weights

COMMAND = "validate-segflow"
LABELS_SUFFIX = "_labels.nii.gz"
# Of the merged SPIDER labels: vertebrae with their posterior elements, without the sacrum.
VERTEBRA_LABEL = 1
TARGET_MEAN_DICE = 0.80


@dataclass(frozen=True, slots=True)
class CaseDice:
    """Dice of one case; 0 where the rules refused the image.

    Attributes
    ----------
    trained_on : whether the network saw the image (never its labels)
    network : None without a trained network
    """

    case: str
    trained_on: bool
    votes: float
    network: float | None


def validate(run: Path, folder: Path) -> list[Measurement]:
    """Judge every image of a folder and write ``build/validate-segflow.json``."""
    begin = time.perf_counter()
    results = measurements(score(run, folder))
    write_measurements(COMMAND, time.perf_counter() - begin, results)
    return results


def score(run: Path, folder: Path) -> list[CaseDice]:
    """Compare with the reference on the native grid, in canonical orientation."""
    network, trained_on = None, set()
    if (run / BEST_FILE).exists():
        network = new_network()
        load_weights(network, (run / BEST_FILE).read_bytes())
        trained_on = set(json.loads((run / RUN_FILE).read_text())["images"])
    return [
        _score(folder, case, network, trained_on=case in trained_on)
        for case in tqdm(list_cases(folder), desc="validation", mininterval=5)
    ]


def measurements(scores: Sequence[CaseDice]) -> list[Measurement]:
    """Summarize: the votes, the network on images it saw, and on images it did not."""
    seen = [score.network for score in scores if score.trained_on]
    unseen = [score.network for score in scores if not score.trained_on]
    rows = _rows("rules and votes", [score.votes for score in scores], None)
    rows += _rows("network, images seen without labels", seen, TARGET_MEAN_DICE)
    if unseen and seen:
        rows += _rows("network, images not seen", unseen, TARGET_MEAN_DICE)
    return rows


def _rows(group: str, found: Sequence[float | None], target: float | None) -> list[Measurement]:
    values = [value for value in found if value is not None]
    mean = float(np.mean(values)) if values else None
    worst = min(values) if values else None
    name = f"{group}: Dice vertebra"
    return [
        Measurement(f"{name}, mean", mean, "1", Data.REAL, len(values), target),
        Measurement(f"{name}, worst", worst, "1", Data.REAL, len(values)),
    ]


def _score(
    folder: Path, case: str, network: torch.nn.Module | None, *, trained_on: bool
) -> CaseDice:
    labels = canonical(nifti.read_labels(folder / f"{case}{LABELS_SUFFIX}"))
    reference = labels.data == VERTEBRA_LABEL
    try:
        image = read_work_image(folder, case)
        votes = dice(by_votes(image), reference)
        found = None if network is None else dice(by_network(image, network), reference)
    except SpineError:
        return CaseDice(case, trained_on, 0.0, None if network is None else 0.0)
    return CaseDice(case, trained_on, votes, found)


def dice(found: NDArray[np.bool_], reference: NDArray[np.bool_]) -> float:
    """Return MONAI's Dice of two masks."""
    first, second = (torch.from_numpy(mask)[None, None] for mask in (found, reference))
    return float(compute_dice(first, second))
