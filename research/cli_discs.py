"""Commands of disc progression: the virtual cohort, training by folds, finetuning."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from research.cli_disc_options import Cohort, Device, LeaveOut, Threads, Workers
from research.cli_errors import told
from spine.anatomy.grades import Scale

SwapAxes = Annotated[
    bool, typer.Option("--swap-axes", help="2 w along the spine, 1.5 w front to back.")
]


def cohort(
    folder: Cohort,
    people: Annotated[int, typer.Option(min=1, help="Number of people; P2's is 1,343.")] = 1343,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same cohort.")] = 0,
    workers: Workers = 1,
    visibility: Annotated[
        Literal["low", "stated", "high"], typer.Option(help="How much of the course shows.")
    ] = "stated",
    with_followup: Annotated[
        bool, typer.Option("--with-followup", help="Image the second examination, too.")
    ] = False,
) -> None:
    """Render P2's longitudinal cohort: lumbar MR, grades now and five years later.

    Example: python -m research cohort progression build/cohorts/progression --workers 2
    """
    from research.worlds.progression.cohort import CohortPlan, render_progression_cohort
    from research.worlds.progression.settings import Visibility

    with told():
        plan = CohortPlan(people, seed, Visibility(visibility), with_followup)
        render_progression_cohort(folder, plan, workers)


def regions(
    cohort: Cohort,
    swap_axes: SwapAxes = False,
    workers: Workers = 1,
    leave_out: LeaveOut = False,
) -> None:
    """Cut every graded disc of a cohort once, as `train progression` else does itself.

    Example: python -m research cohort regions build/cohorts/progression --workers 2
    """
    from research.followups import FOLLOWUPS_FILE, read_followups
    from research.training.discs.regions import cut_regions, default_spec

    with told():
        rows = read_followups(cohort / FOLLOWUPS_FILE)
        spec = default_spec(swap_axes=swap_axes)
        found = cut_regions(cohort, rows, spec, workers=workers, leave_out=leave_out)
    typer.echo(f"{len(found.place)} discs")


def sheets(
    cohort: Cohort,
    folder: Annotated[Path, typer.Argument(help="Where the pictures go.")],
    most: Annotated[int | None, typer.Option(min=1, help="So many studies; all without.")] = None,
    swap_axes: SwapAxes = False,
    workers: Workers = 1,
) -> None:
    """Write a contact sheet of every study: its discs' regions as the networks get them.

    Example: python -m research cohort sheets build/cohorts/progression build/sheets --most 20
    """
    from research.followups import FOLLOWUPS_FILE, read_followups
    from research.training.discs.contact_sheets import write_contact_sheets
    from research.training.discs.regions import cut_regions, default_spec

    with told():
        rows = read_followups(cohort / FOLLOWUPS_FILE)
        spec = default_spec(swap_axes=swap_axes)
        found = cut_regions(cohort, rows, spec, workers=workers, leave_out=True)
    written = list(write_contact_sheets(found, folder, most))
    typer.echo(f"{len(written)} pictures in {folder}")


def train(
    cohort: Cohort,
    run: Annotated[Path, typer.Argument(help="Folder of networks and predictions; resumed.")],
    folds: Annotated[int, typer.Option(min=2, help="Folds by patient.")] = 5,
    scale: Annotated[
        list[Scale] | None, typer.Option(help="Repeat for more; all three by default.")
    ] = None,
    fold: Annotated[
        list[int] | None, typer.Option(help="Only this fold, and no network on all; repeatable.")
    ] = None,
    widths: Annotated[
        Literal["narrow", "published"], typer.Option(help="What ships, or VGG-M as published.")
    ] = "narrow",
    balance: Annotated[
        Literal["plain", "weighted", "over", "under", "smote"],
        typer.Option(help="What is done about rare grades."),
    ] = "plain",
    swap_axes: SwapAxes = False,
    start: Annotated[
        Path | None, typer.Option(help="Run of `train grading` to begin with; anew without.")
    ] = None,
    epochs: Annotated[int, typer.Option(min=2, help="Passes over the training part.")] = 30,
    batch_size: Annotated[int, typer.Option(min=1, help="Discs a step.")] = 64,
    learning_rate: Annotated[float, typer.Option(min=0, help="Highest, of Adam.")] = 5e-4,
    device: Device = "cpu",
    workers: Workers = 1,
    threads: Threads = 1,
    leave_out: LeaveOut = False,
) -> None:
    """Train P2's progression networks by folds and write what each says out of its fold.

    Without --fold a network on everybody follows, which `export progression` ships.

    Example: python -m research train progression build/cohorts/progression
    build/runs/progression --device cuda
    """
    from research.training.discs.balance import Balance
    from research.training.discs.fit_settings import FitSettings
    from research.training.discs.plans import Computer, ProgressionPlan, Widths
    from research.training.discs.progression import Source, train_progression

    with told():
        plan = ProgressionPlan(
            folds,
            Widths(widths),
            Balance(balance),
            swap_axes,
            settings=FitSettings(epochs=epochs, batch_size=batch_size, learning_rate=learning_rate),
        )
        computer = Computer(device, workers, threads)
        source = Source(cohort, start, leave_out)
        lines = train_progression(source, run, plan, scale or list(Scale), fold, computer)
        for line in lines:
            typer.echo(line)


def finetune(
    cohort: Cohort,
    run: Annotated[Path, typer.Argument(help="Folder of networks and curves; resumed.")],
    models: Annotated[Path, typer.Option("--models", "-m", help="Models to begin with.")] = Path(
        "models"
    ),
    scale: Annotated[
        list[Scale] | None, typer.Option(help="Repeat for more; all three by default.")
    ] = None,
    patients: Annotated[
        list[int] | None, typer.Option(help="Sizes of the learning curve; repeatable.")
    ] = None,
    epochs: Annotated[int, typer.Option(min=2, help="Passes over the training part.")] = 12,
    device: Device = "cpu",
    workers: Workers = 1,
    threads: Threads = 1,
) -> None:
    """Finetune the shipped networks on a site's follow-ups, with a learning curve.

    The cohort is a folder with followups.csv and, a patient, image.nii and labels.nii. Three
    patients in ten are kept for measuring. `export progression --data real` ships what came out.

    Example: python -m research finetune progression data/site build/runs/site --patients 50
    --patients 100
    """
    from dataclasses import replace

    from research.training.discs.finetuning import SETTINGS, finetune_progression
    from research.training.discs.plans import Computer

    with told():
        lines = finetune_progression(
            cohort,
            run,
            models,
            scale or list(Scale),
            patients or [25, 50, 100, 200, 400],
            Computer(device, workers, threads),
            replace(SETTINGS, epochs=epochs),
        )
        for line in lines:
            typer.echo(line)


def export(
    run: Annotated[Path, typer.Argument(help="Folder of `train progression`, without --fold.")],
    models: Annotated[Path, typer.Option("--models", "-m", help="Folder of all models.")] = Path(
        "models"
    ),
    version: Annotated[str, typer.Option(help="Of the models.")] = "0.2.0",
    scale: Annotated[
        list[Scale] | None, typer.Option(help="Repeat for more; all that the run has by default.")
    ] = None,
    *,
    data: Annotated[
        Literal["synthetic", "real"], typer.Option(help="What the cohort's images are of.")
    ],
    population: Annotated[
        str, typer.Option(help="Whom the models are about, for their cards; real data need it.")
    ] = "",
    readers: Annotated[
        Path | None,
        typer.Option(
            help="Data set of `finetune grading`: a scale that meets its targets on it, out of "
            "fold, has retrospective evidence."
        ),
    ] = None,
) -> None:
    """Write the model folders of the networks on everybody, calibrated, with their figures.

    Example: python -m research export progression build/runs/progression --data synthetic
    """
    from research.export import Origin
    from research.training.discs.shipping import export_progression

    with told():
        origin = Origin(data, population, readers)
        for line in export_progression(run, models, version, origin, scale or ()):
            typer.echo(line)
