"""Five-year progression by folds: one network a scale and fold, and one on all that ships (P2)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from research.followups import FOLLOWUPS_FILE, Followup, read_followups
from research.training.discs.batches import DeviceInputs, device_of
from research.training.discs.fitting import Discs
from research.training.discs.folds import fold_by_patient, parts_of_all, parts_of_fold
from research.training.discs.plans import Computer, ProgressionPlan, keep_plan
from research.training.discs.predictions import predictions_path, write_predictions
from research.training.discs.regions import Regions, cut_regions, default_spec
from research.training.discs.scale_trainer import ALL_FOLDER, ScaleTrainer
from research.training.discs.starts import Start, start_of_progression
from spine.anatomy.grades import Scale


@dataclass(frozen=True, slots=True)
class Source:
    """What a run learns from.

    Attributes
    ----------
    start : run of `train grading`, of other people, whose networks are begun with; None to begin
        anew
    leave_out : go on without discs whose region cannot be cut
    """

    cohort: Path
    start: Path | None = None
    leave_out: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class FollowedDiscs:
    """A cohort ready to learn from: its rows that have a region, and the regions."""

    rows: tuple[Followup, ...]
    regions: Regions
    inputs: DeviceInputs

    def trainer(
        self,
        scale: Scale,
        plan: ProgressionPlan,
        start: Start | None = None,
    ) -> ScaleTrainer[Followup]:
        """Return what trains one scale."""
        rows = [row for row in self.rows if row.scale is scale]
        if not rows:
            raise ValueError(f"no disc is graded on the scale {scale.value}")
        place = {int(grade): number for number, grade in enumerate(scale.grades)}
        asked = np.array([place[row.followup] for row in rows], np.int64)
        before = np.array([place[row.baseline] for row in rows], np.int64)
        discs = Discs(self.regions.rows_of(rows), asked, before)
        return ScaleTrainer(scale, rows, discs, self.inputs, plan, start)


def open_cohort(
    cohort: Path, plan: ProgressionPlan, computer: Computer, *, leave_out: bool
) -> FollowedDiscs:
    """Read a cohort's table and take its regions, cut now if they were not before."""
    torch.set_num_threads(computer.threads)
    torch.set_float32_matmul_precision("high")
    rows = read_followups(cohort / FOLLOWUPS_FILE)
    spec = default_spec(swap_axes=plan.swap_axes)
    regions = cut_regions(cohort, rows, spec, workers=computer.workers, leave_out=leave_out)
    inputs = DeviceInputs(regions.inputs, device_of(computer.device))
    return FollowedDiscs(tuple(regions.known(rows)), regions, inputs)


def train_progression(
    source: Source,
    run: Path,
    plan: ProgressionPlan,
    scales: Sequence[Scale],
    only: Sequence[int] | None,
    computer: Computer,
) -> Iterator[str]:
    """Train the folds of each scale and write ``predictions-<scale>.csv``; then one on all.

    Parameters
    ----------
    only : the folds to train, and then no network on all; None for everything

    Yields
    ------
    one line a scale
    """
    start = source.start
    plan = replace(plan, begun_with_grading=start is not None)
    keep_plan(run, plan)
    known = open_cohort(source.cohort, plan, computer, leave_out=source.leave_out)
    folds = fold_by_patient(known.rows, plan.folds, plan.settings.seed)
    for scale in scales:
        begun = None if start is None else start_of_progression(start, scale)
        trainer = known.trainer(scale, plan, begun)
        yield _train_folds(trainer, run, folds, only)
        if only is None:
            everybody = parts_of_all(trainer.rows, plan.settings.seed)
            trainer.train(everybody, run / scale.value / ALL_FOLDER)


def _train_folds(
    trainer: ScaleTrainer[Followup], run: Path, folds: dict[str, int], only: Sequence[int] | None
) -> str:
    """Train folds, write what each says of its test part, and say how many that were."""
    scale, seed = trainer.scale, trainer.plan.settings.seed
    asked = sorted(set(folds.values()) if only is None else only)
    # All are parted before any is trained, so that a wrong table is told at once.
    parts = [parts_of_fold(trainer.rows, folds, number, seed) for number in asked]
    path, found = predictions_path(run, scale), []
    for one in parts:
        found.append((one, *trainer.train(one, run / scale.value / f"fold-{one.number}")))
        # After every fold, so that a run that is cut off leaves the folds that it has.
        write_predictions(path, trainer.rows, found)
    return f"{scale.value}: {path.name}, {sum(len(one.test) for one in parts)} discs"
