"""Command line of research: make cohorts, train, export; heavy imports inside the commands."""

from pathlib import Path
from typing import Annotated

import typer

from research import (
    cli_age,
    cli_age_validation,
    cli_disc_report,
    cli_discs,
    cli_gradings,
    cli_reports,
    cli_segflow,
    cli_segmentation,
    cli_spine_age,
    cli_stations,
)
from research.cli_labeled import labeled_app
from spine.anatomy.grades import Scale

app = typer.Typer(
    help="Offline work on models: cohorts, training, export.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
cohort_app = typer.Typer(help="Render a virtual cohort to files.", no_args_is_help=True)
train_app = typer.Typer(help="Train a network and export it as a model.", no_args_is_help=True)
export_app = typer.Typer(help="Measure a trained network and export it.", no_args_is_help=True)
predict_app = typer.Typer(help="Let a trained network answer for a cohort.", no_args_is_help=True)
validate_app = typer.Typer(help="Measure an exported model.", no_args_is_help=True)
report_app = typer.Typer(help="Write a report as a page.", no_args_is_help=True)
app.add_typer(cohort_app, name="cohort")
app.add_typer(train_app, name="train")
app.add_typer(predict_app, name="predict")
app.add_typer(export_app, name="export")
app.add_typer(validate_app, name="validate")
app.add_typer(report_app, name="report")
finetune_app = typer.Typer(help="Go on from an exported model.", no_args_is_help=True)
app.add_typer(finetune_app, name="finetune")
app.add_typer(labeled_app, name="labeled")
cohort_app.command("segmentation")(cli_segmentation.cohort)
cohort_app.command("progression")(cli_discs.cohort)
finetune_app.command("progression")(cli_discs.finetune)
finetune_app.command("grading")(cli_gradings.finetune)
cohort_app.command("grading")(cli_gradings.cohort)
train_app.command("grading")(cli_gradings.train)
cohort_app.command("regions")(cli_discs.regions)
cohort_app.command("sheets")(cli_discs.sheets)
train_app.command("segmentation")(cli_segmentation.train)
train_app.command("progression")(cli_discs.train)
export_app.command("segmentation")(cli_segmentation.export)
export_app.command("progression")(cli_discs.export)
validate_app.command("segmentation")(cli_segmentation.validate)
cohort_app.command("age")(cli_age.cohort)
train_app.command("age")(cli_age.train)
predict_app.command("age")(cli_age.predict)
predict_app.command("baseline")(cli_gradings.predict_baseline)
export_app.command("age")(cli_age.export)
export_app.command("age-limits")(cli_age.export_limits)
report_app.command("disc-progression")(cli_disc_report.report)
validate_app.command("age")(cli_age_validation.validate)
report_app.command("spine-age")(cli_spine_age.report)
export_app.command("age-images")(cli_age_validation.limit_images)
cli_segflow.register(train_app, validate_app)
cli_reports.register(cohort_app, validate_app)
cli_stations.register(validate_app)

CohortArgument = Annotated[Path, typer.Argument(help="Folder of the cohort.")]
RunArgument = Annotated[Path, typer.Argument(help="Folder of checkpoints and curves; resumed.")]
Models = Annotated[Path, typer.Option("--models", "-m", help="Where the model is exported to.")]
Subjects = Annotated[int, typer.Option(min=1, help="Number of subjects.")]
Seed = Annotated[int, typer.Option(help="First seed; the same seeds give the same subjects.")]
Epochs = Annotated[int, typer.Option(min=1, help="Passes over the training part.")]
Threads = Annotated[int, typer.Option(min=1, help="CPU threads.")]

Start = Annotated[Path | None, typer.Option(help="Begin with the best weights of this run.")]


@cohort_app.command("discs")
def cohort_discs(folder: CohortArgument, subjects: Subjects = 400, seed: Seed = 200_000) -> None:
    """Render lumbar spines with their grades five years later, for `train disc`.

    That makes the disc models 0.1.0, which ship; `cohort progression` is the cohort of later ones.

    Example: python -m research cohort discs build/cohorts/discs --subjects 400
    """
    from research.worlds.cohorts import render_disc_cohort

    render_disc_cohort(folder, range(seed, seed + subjects))


@train_app.command("disc")
def train_disc(
    cohort: CohortArgument,
    run: RunArgument,
    scale: Annotated[
        list[Scale] | None, typer.Option(help="Repeat for more; all three by default.")
    ] = None,
    models: Models = Path("models"),
    start: Start = None,
    epochs: Epochs = 12,
    threads: Threads = 1,
) -> None:
    """Train the disc progression networks of P2, one a scale, and export them.

    That makes the disc models 0.1.0, which ship; `train progression` makes later ones.

    Example: python -m research train disc build/cohorts/discs build/runs/discs
    """
    from dataclasses import replace

    from research.training.disc import SETTINGS, DiscRun, export_discs

    settings = replace(SETTINGS, epochs=epochs, threads=threads)
    for line in export_discs(cohort, DiscRun(run, start), models, scale or list(Scale), settings):
        typer.echo(line)
