"""The shipped segmentation model: its cost, and nnU-Net's default predictor beside it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.networks import ratio
from bench.timing import peak_memory_gib, side_by_side
from phantom.protocols import WHOLE_SPINE_T2
from phantom.rendering import Rendering, render
from phantom.subjects import subject
from research.measurements import Data, Measurement
from research.validation.segmentation.models import read_unapproved
from research.validation.segmentation.overlap import dice
from research.validation.segmentation.stock import stock_prediction
from spine.anatomy.labels import TissueClass, classes_from_labels
from spine.imaging.volume import Volume
from spine.inference.backends import Backend
from spine.segmentation.segmenter import predict_classes

# Apart from every training cohort's.
SEEDS = (580_001, 580_002)
NAME = "segmentation, whole spine 384 x 793 x 14"
MOST_CPU_S = 3.0
LEAST_ALIKE_PERCENT = 99.99
# A class's Dice may lie below that of nnU-Net's default prediction by no more than this.
MOST_LOST = 0.01

Classes = NDArray[np.uint8]


def bench_segmentation(models: Path, threads: int) -> list[Measurement]:
    """Segment whole spines, native grid to native grid, every mirrored pass of the gate included.

    nnU-Net's defaults, with the same weights, are steps of half a patch and all mirrored passes.
    Time and memory are of the first subject, Dice is the mean of all.

    Parameters
    ----------
    models : folder of all models
    """
    model = read_unapproved(models, threads=threads)
    eager = read_unapproved(models, Backend.TORCH, threads)
    spines = [render(subject(seed), WHOLE_SPINE_T2, np.random.default_rng(seed)) for seed in SEEDS]
    volume = spines[0].volume

    def ours(volume: Volume = volume) -> Classes:
        return predict_classes(volume, model).data

    def stock(volume: Volume = volume) -> Classes:
        return stock_prediction(volume, models, threads)

    cost, theirs = side_by_side(ours, stock, 2)
    alike = 100 * float((ours() == predict_classes(volume, eager).data).mean())
    synthetic = Data.SYNTHETIC
    return [
        *ratio(NAME, cost, theirs, "nnU-Net's predictor", target=10.0),
        Measurement(f"{NAME}: in all", cost.cpu_s, "CPU-s", synthetic, 1, MOST_CPU_S, "lower"),
        Measurement(f"{NAME}: wall", cost.wall_s, "s", synthetic, 1),
        Measurement(f"{NAME}: wall, nnU-Net's predictor", theirs.wall_s, "s", synthetic, 1),
        *_peaks(models, volume, threads),
        Measurement(
            f"{NAME}: voxels as torch has them", alike, "%", synthetic, 1, LEAST_ALIKE_PERCENT
        ),
        *_overlaps(spines, ours, stock),
    ]


def _peaks(models: Path, volume: Volume, threads: int) -> list[Measurement]:
    """Return the most that a process held which loaded the model and segmented once."""
    found = {"ours": _ours_once, "nnU-Net's predictor": _stock_once}
    return [
        Measurement(
            f"{NAME}: peak memory, {who}",
            peak_memory_gib(segment, models, volume, threads),
            "GiB",
            Data.SYNTHETIC,
            1,
        )
        for who, segment in found.items()
    ]


def _overlaps(
    spines: list[Rendering], ours: Callable[[Volume], Classes], stock: Callable[[Volume], Classes]
) -> list[Measurement]:
    """Return the Dice of each class, ours and stock, and what the worst class lost."""
    truths = [classes_from_labels(seen.labels.data) for seen in spines]
    found = {"ours": ours, "nnU-Net's predictor": stock}
    classes = [tissue for tissue in TissueClass if tissue]
    means: dict[str, list[float]] = {}
    for who, segment in found.items():
        predicted = [segment(seen.volume) for seen in spines]
        means[who] = [
            float(np.mean([dice(p == c, t == c) for p, t in zip(predicted, truths, strict=True)]))
            for c in classes
        ]
    rows = [
        Measurement(
            f"{NAME}: Dice {one.name.lower()}, {who}", value, "1", Data.SYNTHETIC, len(SEEDS)
        )
        for who, values in means.items()
        for one, value in zip(classes, values, strict=True)
    ]
    mine, theirs = means.values()
    least = min(our - their for our, their in zip(mine, theirs, strict=True))
    name = f"{NAME}: Dice beyond nnU-Net's predictor, worst class"
    return [*rows, Measurement(name, least, "1", Data.SYNTHETIC, len(SEEDS), -MOST_LOST)]


def _ours_once(models: Path, volume: Volume, threads: int) -> None:
    predict_classes(volume, read_unapproved(models, threads=threads))


def _stock_once(models: Path, volume: Volume, threads: int) -> None:
    stock_prediction(volume, models, threads)
