"""Commands of grading models: phantoms, readers, and what they say of a cohort."""

from pathlib import Path
from typing import Annotated

import typer

from research.cli_disc_options import Cohort, Device, LeaveOut, Threads, Workers
from research.cli_errors import told
from spine.anatomy.grades import Scale

Run = Annotated[Path, typer.Argument(help="Folder of networks and gradings; resumed.")]


def cohort(
    folder: Cohort,
    subjects: Annotated[int, typer.Option(min=1, help="Number of people.")] = 600,
    first_seed: Annotated[int, typer.Option(help="The same seeds give the same people.")] = 700_000,
    workers: Workers = 1,
) -> None:
    """Render lumbar views of people of all ages with every disc's grades, for `train grading`.

    Example: python -m research cohort grading build/cohorts/grading --workers 2
    """
    from research.worlds.grading import render_grading_cohort

    with told():
        render_grading_cohort(folder, range(first_seed, first_seed + subjects), workers)


def train(
    cohort: Cohort,
    run: Run,
    scale: Annotated[
        list[Scale] | None, typer.Option(help="Repeat for more; all three by default.")
    ] = None,
    epochs: Annotated[int, typer.Option(min=2, help="Passes over the training part.")] = 12,
    device: Device = "cpu",
    workers: Workers = 1,
    threads: Threads = 1,
) -> None:
    """Train grading networks on phantoms, for `finetune grading` to begin with.

    Example: python -m research train grading build/cohorts/grading build/runs/grading
    """
    from dataclasses import replace

    from research.training.discs import grading
    from research.training.discs.plans import Computer

    with told():
        computer = Computer(device, workers, threads)
        settings = replace(grading.PHANTOMS, epochs=epochs)
        work = grading.Work(run, scale or list(Scale), computer, settings)
        for line in grading.train_grading(cohort, work):
            typer.echo(line)


def finetune(
    data: Annotated[Path, typer.Argument(help="Folder of the graded data set.")],
    run: Run,
    mapping: Annotated[
        str, typer.Option(help="What it holds: name of a mapping, or its file.")
    ] = "spider-merged",
    start: Annotated[
        Path,
        typer.Option(
            help="Run of `train grading` to begin with, or a folder of models whose progression "
            "networks are begun with."
        ),
    ] = Path("models"),
    scale: Annotated[
        list[Scale] | None, typer.Option(help="Repeat for more; Pfirrmann and bulging by default.")
    ] = None,
    folds: Annotated[int, typer.Option(min=2, help="Folds by patient.")] = 5,
    epochs: Annotated[int, typer.Option(min=2, help="Passes over the training part.")] = 40,
    device: Device = "cpu",
    threads: Threads = 1,
) -> None:
    """Finetune grading networks on discs that readers graded; each is graded out of its fold.

    Writes real-grading-<scale>.csv for `report disc-progression --real-data`; `export progression
    --data real` ships what came out.

    Example: python -m research finetune grading data/spider build/runs/real-grading
    --start build/runs/grading
    """
    from dataclasses import replace

    from research.labeled.mapping_file import load_mapping
    from research.training.discs import grading
    from research.training.discs.plans import Computer

    with told():
        computer = Computer(device, threads=threads)
        settings = replace(grading.READERS, epochs=epochs)
        scales = scale or [Scale.PFIRRMANN, Scale.BULGING]
        work = grading.Work(run, scales, computer, settings)
        known = grading.RealData(data, load_mapping(mapping))
        for line in grading.finetune_grading(known, work, start, folds=folds):
            typer.echo(line)


def predict_baseline(
    cohort: Cohort,
    run: Annotated[Path, typer.Argument(help="Run of `train progression` on the cohort.")],
    grading: Annotated[
        Path, typer.Option(help="Run of `train grading` or `finetune grading`.")
    ] = Path("build/runs/grading"),
    device: Device = "cpu",
    workers: Workers = 1,
    threads: Threads = 1,
    leave_out: LeaveOut = False,
) -> None:
    """Let grading networks read the baseline grades that readers gave.

    Writes baseline-<scale>.csv into the run: `report disc-progression` then tells progression
    from a grading model's baseline grade apart from that from a reader's.

    Example: python -m research predict baseline build/cohorts/progression build/runs/progression
    """
    from research.training.discs.baselines import grade_baselines
    from research.training.discs.plans import Computer

    with told():
        computer = Computer(device, workers, threads)
        for line in grade_baselines(cohort, run, grading, computer, leave_out=leave_out):
            typer.echo(line)
