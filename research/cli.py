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
export_app = typer.Typer(help="Measure a trained network and export it.", no_args_is_help=True)
validate_app = typer.Typer(help="Measure an exported model.", no_args_is_help=True)
app.add_typer(cohort_app, name="cohort")
app.add_typer(train_app, name="train")
app.add_typer(export_app, name="export")
app.add_typer(validate_app, name="validate")

SEGMENTATION_TEST = Path("build/cohorts/segmentation-test")

CohortArgument = Annotated[Path, typer.Argument(help="Folder of the cohort.")]
RunArgument = Annotated[Path, typer.Argument(help="Folder of checkpoints and curves; resumed.")]
Models = Annotated[Path, typer.Option("--models", "-m", help="Where the model is exported to.")]
Subjects = Annotated[int, typer.Option(min=1, help="Number of subjects.")]
Seed = Annotated[int, typer.Option(help="First seed; the same seeds give the same subjects.")]
Epochs = Annotated[int, typer.Option(min=1, help="Passes over the training part.")]
Threads = Annotated[int, typer.Option(min=1, help="CPU threads.")]
TestCohort = Annotated[
    Path, typer.Option("--test", help="Cohort of subjects not trained on; rendered if missing.")
]
TestSubjects = Annotated[int, typer.Option(help="Synthetic subjects of the test cohort.")]
RealData = Annotated[
    Path | None, typer.Option(help="Folder of real lumbar volumes with labels, never trained on.")
]
Rate = Annotated[float, typer.Option(help="First learning rate of Adam.")]

Start = Annotated[Path | None, typer.Option(help="Begin with the best weights of this run.")]
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
    spacing_mm: Annotated[float, typer.Option(min=0.9, help="In plane; P1's is 0.9.")] = 3.6,
    start: Start = None,
    holdout: Annotated[
        Path | None, typer.Option(help="Cohort for bias line and figures, seen by no run.")
    ] = None,
    epochs: Epochs = 20,
    learning_rate: Rate = 0.01,
    patience: Patience = 5,
    batch_size: Annotated[int, typer.Option(min=2, help="P1's is 2.")] = 2,
    freeze_norms: Annotated[
        bool, typer.Option("--freeze-norms", help="Normalize by the statistics at the start.")
    ] = False,
    threads: Threads = 1,
) -> None:
    """Train the age DCNN of P1, fit its bias correction, export it with its figures.

    Example: python -m research train age build/cohorts/age build/runs/age --epochs 20
    """
    from research.training.age import AgePlan, coarse_spec, export_age
    from research.training.loop import TrainingSettings

    settings = TrainingSettings(
        epochs=epochs,
        learning_rate=learning_rate,
        plateau_patience=patience,
        batch_size=batch_size,
        freeze_norms=freeze_norms,
        threads=threads,
    )
    plan = AgePlan(coarse_spec(spacing_mm), start, holdout)
    typer.echo(export_age(cohort, run, models, plan, settings))


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

    Example: python -m research train disc build/cohorts/discs build/runs/discs
    """
    from dataclasses import replace

    from research.training.disc import SETTINGS, DiscRun, export_discs

    settings = replace(SETTINGS, epochs=epochs, threads=threads)
    for line in export_discs(cohort, DiscRun(run, start), models, scale or list(Scale), settings):
        typer.echo(line)


@cohort_app.command("segmentation")
def cohort_segmentation(
    folder: CohortArgument, subjects: Subjects = 260, seed: Seed = 500_000
) -> None:
    """Render randomized whole-spine, lumbar and cervical views, for `train segmentation`.

    Example: python -m research cohort segmentation build/cohorts/segmentation
    """
    from research.worlds.segmentation import render_segmentation_cohort

    render_segmentation_cohort(folder, range(seed, seed + subjects))


@train_app.command("segmentation")
def train_segmentation(
    cohort: CohortArgument,
    run: RunArgument,
    minutes: Annotated[float, typer.Option(help="Wall clock; the learning rate ends with it.")],
    learning_rate: Rate = 3e-3,
    threads: Threads = 1,
    resume: Annotated[bool, typer.Option(help="Go on from the newest checkpoint.")] = False,
) -> None:
    """Train nnU-Net on one fold, in the window that the service uses.

    Example: python -m research train segmentation build/cohorts/segmentation
    build/runs/segmentation --minutes 70
    """
    from research.training.segmentation import SegmentationTraining, train

    training = SegmentationTraining(minutes, learning_rate=learning_rate, threads=threads)
    typer.echo(train(cohort, run, training, resume=resume))


@export_app.command("segmentation")
def export_segmentation(
    run: RunArgument,
    version: Annotated[str, typer.Option(help="Of the model, such as 0.1.0.")],
    test: TestCohort = SEGMENTATION_TEST,
    subjects: TestSubjects = 40,
    models: Models = Path("models"),
    real_data: RealData = None,
) -> None:
    """Measure a trained segmentation network and write its model folder.

    Example: python -m research export segmentation build/runs/segmentation
    --version 0.1.0 --real-data ../shared/data/spider_t2space
    """
    from research.measurements import tabulate
    from research.training.segmentation_export import TestData, export

    _render_segmentation_test(test, subjects)
    typer.echo(tabulate(export(run, models, version, TestData(test, real_data))))


@validate_app.command("segmentation")
def validate_segmentation(
    test: TestCohort = SEGMENTATION_TEST,
    subjects: TestSubjects = 40,
    models: Models = Path("models"),
    real_data: RealData = None,
) -> None:
    """Measure the exported segmentation; also writes build/validate-segmentation.json.

    Example: python -m research validate segmentation --real-data ../shared/data/spider_t2space
    """
    from research.measurements import tabulate
    from research.training.segmentation_export import TestData, validate

    _render_segmentation_test(test, subjects)
    typer.echo(tabulate(validate(models, TestData(test, real_data))))


def _render_segmentation_test(folder: Path, subjects: int) -> None:
    """Render what is missing; its seeds lie apart from every training cohort's."""
    from research.worlds.segmentation import render_segmentation_cohort

    render_segmentation_cohort(folder, range(590_000, 590_000 + subjects))
