"""Command line of research: make cohorts, train, export; heavy imports inside the commands."""

from pathlib import Path
from typing import Annotated

import typer

from spine.anatomy.grades import Scale

app = typer.Typer(
    help="Offline work on models: cohorts, training, export.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
cohort_app = typer.Typer(help="Render a virtual cohort to files.", no_args_is_help=True)
train_app = typer.Typer(help="Train a network and export it as a model.", no_args_is_help=True)
app.add_typer(cohort_app, name="cohort")
app.add_typer(train_app, name="train")

CohortArgument = Annotated[Path, typer.Argument(help="Folder of the cohort.")]
RunArgument = Annotated[Path, typer.Argument(help="Folder of checkpoints and curves; resumed.")]
Models = Annotated[Path, typer.Option("--models", "-m", help="Where the model is exported to.")]
Subjects = Annotated[int, typer.Option(min=1, help="Number of subjects.")]
Seed = Annotated[int, typer.Option(help="First seed; the same seeds give the same subjects.")]
Epochs = Annotated[int, typer.Option(min=1, help="Passes over the training part.")]
Threads = Annotated[int, typer.Option(min=1, help="CPU threads.")]
Rate = Annotated[float, typer.Option(help="First learning rate of Adam.")]

Patience = Annotated[int, typer.Option(min=0, help="Epochs without gain before the rate falls.")]


@cohort_app.command("age")
def cohort_age(folder: CohortArgument, subjects: Subjects = 400, seed: Seed = 100_000) -> None:
    """Render whole spines of 25 to 84 years at coarse spacing, for `train age`.

    Example: python -m research cohort age build/cohorts/age --subjects 400
    """
    from research.worlds.cohorts import render_age_cohort

    render_age_cohort(folder, range(seed, seed + subjects))


@cohort_app.command("discs")
def cohort_discs(folder: CohortArgument, subjects: Subjects = 400, seed: Seed = 200_000) -> None:
    """Render lumbar spines with their grades five years later, for `train disc`.

    Example: python -m research cohort discs build/cohorts/discs --subjects 400
    """
    from research.worlds.cohorts import render_disc_cohort

    render_disc_cohort(folder, range(seed, seed + subjects))


@train_app.command("age")
def train_age(
    cohort: CohortArgument,
    run: RunArgument,
    models: Models = Path("models"),
    epochs: Epochs = 20,
    learning_rate: Rate = 0.01,
    patience: Patience = 5,
    threads: Threads = 1,
) -> None:
    """Train the age DCNN of P1, fit its bias correction, export it with its figures.

    Example: python -m research train age build/cohorts/age build/runs/age --epochs 20
    """
    from research.training.age import export_age
    from research.training.loop import TrainingSettings

    settings = TrainingSettings(
        epochs=epochs,
        learning_rate=learning_rate,
        plateau_patience=patience,
        threads=threads,
    )
    typer.echo(export_age(cohort, run, models, settings))


@train_app.command("disc")
def train_disc(
    cohort: CohortArgument,
    run: RunArgument,
    scale: Annotated[
        list[Scale] | None, typer.Option(help="Repeat for more; all three by default.")
    ] = None,
    models: Models = Path("models"),
    epochs: Epochs = 12,
    threads: Threads = 1,
) -> None:
    """Train the disc progression networks of P2, one a scale, and export them.

    Example: python -m research train disc build/cohorts/discs build/runs/discs
    """
    from dataclasses import replace

    from research.training.disc import SETTINGS, export_discs

    settings = replace(SETTINGS, epochs=epochs, threads=threads)
    for line in export_discs(cohort, run, models, scale or list(Scale), settings):
        typer.echo(line)
