"""From training cases to nnU-Net's prepared ones, through the service's own preprocessing."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from research.training.segmentation.class_sets import target_from_sets, targets_of
from research.training.segmentation.config import TrainingConfig
from research.training.segmentation.folders import SPLITS, cases_folder, preprocessed_folder
from research.training.segmentation.marginal import Partition
from research.training.segmentation.plans import (
    COARSE_SPEC,
    FINE_SPEC,
    PLANS,
    Net,
    network_plans,
)
from research.training.segmentation.sources import TrainingCase, TrainingData
from spine.imaging.volume import LabelMap, Volume
from spine.preprocessing.fine import stack_from_labels, stack_from_volume, with_neighbors
from spine.preprocessing.segmentation import window_from_classes, window_from_volume

# What of a fine case is kept around the labeled part: the service's windows follow the spine.
MARGIN_MM = 30.0
# Of the rendered subjects: watched in training, not for the figures.
WATCHED_SHARE = 0.05
_LOCATIONS = 10_000

Arrays = tuple[NDArray[np.float32], NDArray[np.uint8]]


def prepare(data: TrainingData, config: TrainingConfig, work: Path) -> None:
    """Write plans, splits and every case that is not there yet.

    Raises
    ------
    ValueError
        If the folder was prepared for other folds, class sets or windows: its checkpoints have
        seen other patients, and its cases mean other classes.
    """
    base, folder = preprocessed_folder(work), cases_folder(work, config.net)
    folder.mkdir(parents=True, exist_ok=True)
    partitions = targets_of(data.tables, config.net)
    _write_once(base / SPLITS, splits(data.cases, config.folds))
    _write_once(base / "targets.json", _meaning(partitions))
    _write(base / f"{PLANS}.json", network_plans((config.net,)))
    _write(base / "dataset.json", dataset(data, partitions, config.net))
    _write(base / "dataset_fingerprint.json", {})
    backgrounds = [partition.first for partition in partitions]
    missing = [case for case in data.cases if not (folder / f"{case.name}.pkl").exists()]
    for case in tqdm(missing, desc="cases", mininterval=5):
        volume, sets = case.load()
        image, target = arrays_from_case(volume, sets, config.net)
        target = target_from_sets(target, case.source, data, config.net)
        _save(folder / case.name, image, target, backgrounds)


def arrays_from_case(volume: Volume, sets: LabelMap, net: Net) -> Arrays:
    """Prepare a case exactly as the service prepares what it segments.

    Parameters
    ----------
    sets : numbers of sets of classes, on the volume's grid

    Returns
    -------
    image : float32, shape (channels, right, superior, anterior)
    sets : uint8, shape (right, superior, anterior)
    """
    image = image_from_volume(volume, net)
    if net is Net.COARSE:
        return image, window_from_classes(sets, COARSE_SPEC)
    target = stack_from_labels(sets, FINE_SPEC)
    box = _around(target > 0)
    return np.ascontiguousarray(image[(slice(None), *box)]), target[box]


def image_from_volume(volume: Volume, net: Net) -> NDArray[np.float32]:
    """Return the net's window, or the whole stack that its windows are cut from.

    Returns
    -------
    float32, shape (channels, right, superior, anterior)
    """
    if net is Net.COARSE:
        return window_from_volume(volume, COARSE_SPEC)
    stack = stack_from_volume(volume, FINE_SPEC)
    # (slices, channels, superior, anterior) -> (channels, right, superior, anterior)
    return with_neighbors(stack, volume.grid.spacing_mm[0], FINE_SPEC).swapaxes(0, 1)


def splits(cases: Sequence[TrainingCase], folds: int) -> list[dict[str, list[str]]]:
    """Return the training and validation part of every fold; the last trains on all patients.

    Rendered subjects are in every training part, but for a few that are only watched, and
    those are the validation part where no patient is.
    """
    rendered = sorted(case.name for case in cases if case.fold is None)
    watched = set(rendered[: max(1, round(WATCHED_SHARE * len(rendered)))])
    parts = []
    for fold in range(folds + 1):
        held = {case.name for case in cases if case.fold == fold}
        training = [case.name for case in cases if case.name not in held | watched]
        parts.append({"train": training, "val": sorted(held or watched)})
    return parts


def dataset(data: TrainingData, partitions: Sequence[Partition], net: Net) -> dict[str, Any]:
    """Write nnU-Net's ``dataset.json``, with what `MarginalTrainer` needs beside it."""
    return {
        "channel_names": {str(number): name for number, name in enumerate(net.channels)},
        "labels": {one.name.lower(): int(one) for one in net.classes},
        "numTraining": len(data.cases),
        "file_ending": ".nii.gz",
        "class_sets": [[list(one) for one in partition.sets] for partition in partitions],
        "sampling_shares": {case.name: case.share for case in data.cases},
        "sources": list(data.origins),
    }


def _around(labeled: NDArray[np.bool_]) -> tuple[slice, slice, slice]:
    """Return every slice, and in plane the labeled part with its margin, at least a window."""
    anterior, superior = FINE_SPEC.shape
    return slice(None), _span(labeled, 1, superior), _span(labeled, 2, anterior)


def _span(labeled: NDArray[np.bool_], axis: int, least: int) -> slice:
    margin = round(MARGIN_MM / FINE_SPEC.pixel_mm)
    length = labeled.shape[axis]
    found = np.flatnonzero(labeled.any(axis=(0, 3 - axis)))
    low, high = (found[0], found[-1] + 1) if len(found) else (0, length)
    low, high = max(0, low - margin), min(length, high + margin)
    low = max(0, min(low, length - least))
    return slice(int(low), int(max(high, low + least)))


def _meaning(partitions: Sequence[Partition]) -> dict[str, Any]:
    """Say what target values mean, and of what windows."""
    return {
        "class_sets": [[list(one) for one in partition.sets] for partition in partitions],
        "windows": [repr(COARSE_SPEC), repr(FINE_SPEC)],
    }


def _save(
    path: Path,
    image: NDArray[np.float32],
    target: NDArray[np.uint8],
    backgrounds: Sequence[int],
) -> None:
    """Write a case as nnU-Net's own preprocessor does; its properties last, as a sign of whole."""
    from nnunetv2.preprocessing.preprocessors.default_preprocessor import (  # noqa: PLC0415 - slow
        DefaultPreprocessor,
    )
    from nnunetv2.training.dataloading.nnunet_dataset import (  # noqa: PLC0415 - slow
        comp_blosc2_params,
        nnUNetDatasetBlosc2,
    )

    seg = target[None].astype(np.int8)
    foreground = [int(value) for value in np.unique(seg) if value not in backgrounds]
    locations = DefaultPreprocessor._sample_foreground_locations(seg, foreground)
    window = image.shape[2:] if image.shape[0] > 1 else image.shape[1:]
    blocks, chunks = comp_blosc2_params(image.shape, tuple(window), 4)
    nnUNetDatasetBlosc2.save_case(
        image, seg, {"class_locations": locations}, str(path), chunks=chunks, blocks=blocks
    )


def _write_once(path: Path, content: object) -> None:
    text = json.dumps(content, indent=1) + "\n"
    if path.exists() and path.read_text() != text:
        raise ValueError(f"{path} was written for other cases or classes: begin a new folder")
    path.write_text(text)


def _write(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n")
