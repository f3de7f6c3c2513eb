"""Grading models finetuned on what readers graded in a labeled data set, measured out of fold.

Such sets are small: every fold begins anew with the network that was trained on phantoms.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from research.estimators.discs.gradings import gradings_file
from research.labeled.folds import folds_by_patient
from research.labeled.mapping import LabelMapping
from research.training.discs.batches import DeviceInputs, device_of
from research.training.discs.finetuning import read_shipped
from research.training.discs.fitting import Discs, FitSettings, last_layer
from research.training.discs.folds import Parts, parts_of_all
from research.training.discs.plans import Computer, Measured, ProgressionPlan, Target, keep_plan
from research.training.discs.predictions import write_real_gradings
from research.training.discs.progression import ALL_FOLDER
from research.training.discs.real_regions import (
    GradedDisc,
    RealRegions,
    cut_real_regions,
    middle_spec,
)
from research.training.discs.scale_trainer import ScaleTrainer
from spine.anatomy.grades import Scale
from spine.inference.models import disc_name, grading_name
from spine.inference.weights import bytes_from_network, load_weights
from spine.networks.vgg_m import VGGM, VGGMWidths

SETTINGS = FitSettings(epochs=20, learning_rate=1e-4, batch_size=16)


@dataclass(frozen=True, slots=True)
class RealData:
    """A labeled data set: its folder, and what its labels and tables mean."""

    folder: Path
    mapping: LabelMapping

    @property
    def source(self) -> str:
        """Source and license, for the attribution of what learns from it."""
        return f"{self.mapping.source}, {self.mapping.license}"


def finetune_grading(
    data: RealData,
    run: Path,
    models: Path,
    scales: Sequence[Scale],
    folds: int,
    computer: Computer,
    settings: FitSettings = SETTINGS,
) -> Iterator[str]:
    """Finetune each scale by folds of patients, then on everybody.

    Writes ``real-grading-<scale>.csv``, what each fold's network says of patients that it has
    not learned from, for `report disc-progression`; and the network on everybody, for
    `export progression`.

    Parameters
    ----------
    models : folder of all models; each scale begins with its grading model there or, without
        one, with its progression model
    folds : how many, by patient

    Yields
    ------
    one line a scale

    Raises
    ------
    ValueError
        If the data set grades no disc on a scale.
    """
    source = data.source
    plan = ProgressionPlan(
        folds,
        target=Target.BASELINE,
        settings=settings,
        measured=Measured.READERS,
        source=source,
    )
    keep_plan(run, plan)
    torch.set_num_threads(computer.threads)
    regions = cut_real_regions(data.folder, data.mapping)
    inputs = DeviceInputs(regions.inputs, device_of(computer.device))
    place = _place_of_cases(regions, folds, settings.seed)
    for scale in scales:
        discs = regions.graded(scale, place)
        if not discs:
            raise ValueError(f"{data.folder.name}: no disc is graded on the scale {scale.value}")
        start = read_start(models, scale)
        trainer = ScaleTrainer(scale, discs, _learned(discs, scale), inputs, plan, start)
        yield _train(trainer, run, regions.left_out)


def read_start(models: Path, scale: Scale) -> tuple[bytes, VGGMWidths]:
    """Return the weights that a scale begins with, and their layers.

    A progression model may tell more grades apart than readers did: its answer for the lowest
    grade of an open class then begins as that of the class.
    """
    if (models / grading_name(scale)).is_dir():
        return read_shipped(models, grading_name(scale))
    weights, layers = read_shipped(models, disc_name(scale))
    network = VGGM(middle_spec().network_shape, len(scale.classes), layers)
    load_weights(network, weights)
    last, classes = last_layer(network), len(Target.BASELINE.classes(scale))
    last.weight = nn.Parameter(last.weight[:classes])
    last.bias = nn.Parameter(last.bias[:classes])
    return bytes_from_network(network), layers


def _place_of_cases(regions: RealRegions, count: int, seed: int) -> dict[str, int]:
    """Deal the patients out to folds, as those of segmentation are."""
    cases = list({case.case_id: case for case, *_ in regions.discs}.values())
    folds = folds_by_patient(cases, count, seed)
    return {case: number for number, fold in enumerate(folds) for case in fold.validation}


def _learned(discs: Sequence[GradedDisc], scale: Scale) -> Discs:
    classes = Target.BASELINE.classes(scale)
    place = {grade: number for number, one in enumerate(classes) for grade in one}
    grades = np.array([place[disc.grade] for disc in discs], np.int64)
    return Discs(np.array([disc.place for disc in discs], np.int64), grades, grades)


def _train(trainer: ScaleTrainer[GradedDisc], run: Path, left_out: int) -> str:
    scale, discs, seed = trainer.scale, trainer.rows, trainer.plan.settings.seed
    path, found = run / gradings_file(scale), []
    for number in sorted({disc.fold for disc in discs}):
        parts = _parts(discs, number, seed)
        answers = trainer.train(parts, run / scale.value / f"fold-{number}")
        found.append((parts, *answers))
        write_real_gradings(path, discs, found)
    trainer.train(parts_of_all(discs, seed), run / scale.value / ALL_FOLDER)
    return f"{scale.value}: {path.name}, {len(discs)} discs, {left_out} without a region"


def _parts(discs: Sequence[GradedDisc], number: int, seed: int) -> Parts:
    """Test one fold; an inner part of the others chooses the epoch and the temperature."""
    is_test = np.array([disc.fold == number for disc in discs])
    others: NDArray[np.int64] = np.flatnonzero(~is_test)
    inner = parts_of_all([discs[position] for position in others], seed + number)
    training, validation = others[inner.training], others[inner.validation]
    return Parts(number, training, validation, np.flatnonzero(is_test))
