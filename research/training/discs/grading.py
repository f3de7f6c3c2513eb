"""Grading models: begun on phantoms, finetuned on what readers graded, measured out of fold.

Data sets with readers' grades are small: every fold begins anew with the phantoms' network.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from research.estimators.discs.gradings import gradings_file
from research.labeled.mapping import LabelMapping
from research.training.discs.batches import DeviceInputs, device_of
from research.training.discs.calibration import fit_temperature
from research.training.discs.fit_settings import FitSettings
from research.training.discs.fitting import Discs
from research.training.discs.folds import Parts, parts_of_all
from research.training.discs.graded_regions import (
    GradedDisc,
    GradedRegions,
    regions_of_phantoms,
    regions_of_readers,
)
from research.training.discs.plans import Computer, Measured, ProgressionPlan, Target, keep_plan
from research.training.discs.predictions import grading_path, write_gradings
from research.training.discs.scale_trainer import ALL_FOLDER, ScaleTrainer
from research.training.discs.starts import Start, start_of_grading
from spine.anatomy.grades import Scale

PHANTOMS = FitSettings(epochs=12)
READERS = FitSettings(
    epochs=40,
    learning_rate=1e-4,
    batch_size=16,
    ordinal_width=0.5,
    largest_turn_deg=10.0,
    largest_scaling=0.1,
)
_FOLDS_OF_PHANTOMS = 5
_NOBODY: NDArray[np.int64] = np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class RealData:
    """A labeled data set: its folder, and what its labels and tables mean."""

    folder: Path
    mapping: LabelMapping

    @property
    def source(self) -> str:
        """Source and license, for the attribution of what learns from it."""
        return f"{self.mapping.source}, {self.mapping.license}"


@dataclass(frozen=True, slots=True)
class Work:
    """What is trained into which folder, where, and how.

    Attributes
    ----------
    run : of networks and gradings; resumed
    """

    run: Path
    scales: Sequence[Scale]
    computer: Computer
    settings: FitSettings


def train_grading(cohort: Path, work: Work) -> Iterator[str]:
    """Train each scale on four fifths of a virtual cohort's people.

    Writes ``grading-<scale>.csv``, what the network says of the others, and the network that
    `finetune_grading` begins with.

    Yields
    ------
    one line a scale
    """
    plan = ProgressionPlan(
        _FOLDS_OF_PHANTOMS,
        target=Target.BASELINE,
        settings=work.settings,
        measured=Measured.PHANTOMS,
    )
    keep_plan(work.run, plan)
    regions = regions_of_phantoms(cohort, work.computer.workers)
    for trainer in _trainers(regions, plan, work, {}):
        parts = _parts_of_phantoms(trainer.rows, plan.settings.seed)
        answers = trainer.train(parts, work.run / trainer.scale.value / ALL_FOLDER)
        path = grading_path(work.run, trainer.scale)
        write_gradings(path, trainer.rows, [(parts, *answers)])
        yield _line(trainer, path, regions)


def finetune_grading(data: RealData, work: Work, start: Path, *, folds: int = 5) -> Iterator[str]:
    """Finetune each scale by folds of patients, then on everybody.

    Writes ``real-grading-<scale>.csv``, what each fold's network says of patients that it has
    not learned from, for `report disc-progression`; and the network on everybody, for
    `export progression`.

    Parameters
    ----------
    start : run of `train_grading`, or a folder of models whose progression networks are begun
        with

    Yields
    ------
    one line a scale
    """
    plan = ProgressionPlan(
        folds,
        target=Target.BASELINE,
        settings=work.settings,
        measured=Measured.READERS,
        source=data.source,
    )
    keep_plan(work.run, plan)
    starts = {scale: start_of_grading(start, scale) for scale in work.scales}
    regions = regions_of_readers(data.folder, data.mapping)
    for trainer in _trainers(regions, plan, work, starts):
        path = work.run / gradings_file(trainer.scale)
        _train_folds(trainer, work.run, path)
        yield _line(trainer, path, regions)


def _parts_of_phantoms(discs: Sequence[GradedDisc], seed: int) -> Parts:
    """Test one fold; an inner part of the others chooses the epoch and the temperature."""
    is_test = np.array([disc.fold == 0 for disc in discs])
    others: NDArray[np.int64] = np.flatnonzero(~is_test)
    inner = parts_of_all([discs[position] for position in others], seed)
    training, validation = others[inner.training], others[inner.validation]
    return Parts(0, training, validation, np.flatnonzero(is_test))


def _parts_of_readers(discs: Sequence[GradedDisc], tested: int | None) -> Parts:
    """Test one fold, or nobody; learn from all others.

    An inner part of two patients would choose the epoch, and the temperature, by chance.
    """
    is_test = np.array([disc.fold == tested for disc in discs])
    return Parts(tested, np.flatnonzero(~is_test), _NOBODY, np.flatnonzero(is_test))


def _trainers(
    regions: GradedRegions, plan: ProgressionPlan, work: Work, starts: dict[Scale, Start]
) -> Iterator[ScaleTrainer[GradedDisc]]:
    torch.set_num_threads(work.computer.threads)
    inputs = DeviceInputs(regions.inputs, device_of(work.computer.device))
    for scale in work.scales:
        discs = regions.graded(scale, plan.folds, plan.settings.seed)
        learned = _learned(discs, scale)
        yield ScaleTrainer(scale, discs, learned, inputs, plan, starts.get(scale))


def _learned(discs: Sequence[GradedDisc], scale: Scale) -> Discs:
    classes = Target.BASELINE.classes(scale)
    place = {grade: number for number, one in enumerate(classes) for grade in one}
    grades = np.array([place[disc.grade] for disc in discs], np.int64)
    return Discs(np.array([disc.place for disc in discs], np.int64), grades, grades)


def _train_folds(trainer: ScaleTrainer[GradedDisc], run: Path, path: Path) -> None:
    """Grade each fold by a network of the others, then train the network that ships.

    A fold's temperature is fitted on what the other folds' patients were told out of fold, that
    of the network that ships on all of it.
    """
    discs, folder = trainer.rows, run / trainer.scale.value
    numbers = sorted({disc.fold for disc in discs})
    parts = [_parts_of_readers(discs, number) for number in numbers]
    logits = [trainer.train(one, folder / f"fold-{one.number}", 1.0)[0] for one in parts]
    grades = [trainer.discs.targets[one.test] for one in parts]
    found = []
    for place, one in enumerate(parts):
        others = [other for other in range(len(parts)) if other != place]
        temperature = _temperature(logits, grades, others)
        found.append((one, logits[place], temperature))
    write_gradings(path, discs, found)
    shipped = _temperature(logits, grades, range(len(parts)))
    trainer.train(_parts_of_readers(discs, None), folder / ALL_FOLDER, shipped)


def _temperature(
    logits: Sequence[NDArray[np.float32]], grades: Sequence[NDArray[np.int64]], folds: Iterable[int]
) -> float:
    chosen = list(folds)
    told = np.concatenate([logits[fold] for fold in chosen])
    return fit_temperature(told, np.concatenate([grades[fold] for fold in chosen]))


def _line(trainer: ScaleTrainer[GradedDisc], path: Path, regions: GradedRegions) -> str:
    counts = f"{len(trainer.rows)} discs, {regions.left_out} without a region"
    return f"{trainer.scale.value}: {path.name}, {counts}"
