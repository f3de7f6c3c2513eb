"""Commands of spine age: its cohort, its training, its figures."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from research.cli_errors import told

Cohort = Annotated[Path, typer.Argument(help="Folder of the cohort, a folder a part in it.")]
Run = Annotated[Path, typer.Argument(help="Folder of checkpoints and curves; resumed.")]
Cache = Annotated[Path, typer.Option(help="Where prepared inputs are kept.")]
Models = Annotated[Path, typer.Option("--models", "-m", help="Folder of all models.")]
Workers = Annotated[int, typer.Option(min=1, help="Processes.")]


def cohort(
    folder: Cohort,
    part: Annotated[
        list[str] | None, typer.Option(help="Repeat for more; by default all parts.")
    ] = None,
    subjects: Annotated[
        int | None, typer.Option(min=1, help="Of each part; by default as many as it has.")
    ] = None,
    workers: Workers = 1,
) -> None:
    """Render whole spines at P1's resolution: training, calibration, test and held-out parts.

    What is there already is kept.

    Example: python -m research cohort age build/cohorts/age --part training --workers 2
    """
    from research.worlds.age import Part
    from research.worlds.cohorts import render_age_part

    for one in [Part(name) for name in part] if part else list(Part):
        render_age_part(folder, one, subjects, workers)


def train(
    folder: Cohort,
    run: Run,
    cache: Cache = Path("build/cache/age"),
    spacing_mm: Annotated[float, typer.Option(min=0.9, help="In plane; P1's is 0.9.")] = 0.9,
    subjects: Annotated[
        int | None, typer.Option(min=2, help="To train on; all by default. P1: 85, 850, 8491.")
    ] = None,
    loss: Annotated[str, typer.Option(help="mse or smooth-l1.")] = "mse",
    region: Annotated[
        str, typer.Option(help="whole, cervical, thoracic or lumbar; the rest is masked.")
    ] = "whole",
    start: Annotated[
        Path | None, typer.Option(help="Begin with the weights of this run or model.")
    ] = None,
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the training part.")] = 60,
    learning_rate: Annotated[float, typer.Option(help="First one of Adam.")] = 0.01,
    weight_decay: Annotated[float, typer.Option(min=0, help="Of Adam.")] = 0.0,
    patience: Annotated[
        int, typer.Option(min=0, help="Epochs without gain before the rate falls.")
    ] = 5,
    batch_size: Annotated[int, typer.Option(min=2, help="P1's is 2.")] = 2,
    freeze_norms: Annotated[
        bool, typer.Option("--freeze-norms", help="Normalize by the statistics at the start.")
    ] = False,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    mixed_precision: Annotated[
        bool, typer.Option("--mixed-precision", help="bfloat16 on CUDA.")
    ] = False,
    seed: Annotated[int, typer.Option(help="Of weights, order and augmentation.")] = 0,
    answer: Annotated[
        list[str] | None, typer.Option(help="Part to answer for; by default all but training.")
    ] = None,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads.")] = 1,
    workers: Workers = 1,
) -> None:
    """Train the age DCNN of P1 on the part `training`, and let it answer for the other parts.

    Goes on where the run's folder left off. On four GPUs:
    torchrun --nproc-per-node 4 -m research train age COHORT RUN --device cuda

    Example: python -m research train age build/cohorts/age build/runs/age --spacing-mm 1.8
    """
    from research.training.age import AgeFolders, AgeLoss, AgePlan, spec_at, train_age
    from research.training.age_inputs import AgeView
    from research.training.age_predictions import write_features, write_predictions
    from research.training.age_regions import AgeRegion
    from research.training.loop import TrainingSettings

    settings = TrainingSettings(
        epochs=epochs,
        learning_rate=learning_rate,
        weight_decay=weight_decay,
        plateau_patience=patience,
        batch_size=batch_size,
        freeze_norms=freeze_norms,
        seed=seed,
        threads=threads,
        device=device,
        mixed_precision=mixed_precision,
    )
    view = AgeView(spec_at(spacing_mm), AgeRegion(region))
    folders = AgeFolders(folder, run, cache)
    plan = AgePlan(view, subjects, AgeLoss(loss), start)
    with told():
        network = train_age(folders, plan, settings, workers)
        write_features(network, folders, view, workers)
        typer.echo(write_predictions(network, folders, view, answer or (), workers))


def predict(
    run: Run,
    folder: Cohort,
    cache: Cache = Path("build/cache/age"),
    part: Annotated[
        list[str] | None, typer.Option(help="Repeat for more; by default all but training.")
    ] = None,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads.")] = 1,
    workers: Workers = 1,
) -> None:
    """Let a trained network answer for a cohort, as the service does; writes predictions.csv.

    Example: python -m research predict age build/runs/age build/cohorts/age --part test
    """
    import torch

    from research.training.age import AgeFolders
    from research.training.age_predictions import read_network, write_predictions

    torch.set_num_threads(threads)
    with told():
        network, view = read_network(run)
        folders = AgeFolders(folder, run, cache)
        typer.echo(write_predictions(network, folders, view, part or (), workers))


def export(
    run: Run,
    version: Annotated[str, typer.Option(help="Of the model, such as 0.2.0.")],
    data: Annotated[
        Literal["synthetic", "real"], typer.Option(help="What the cohort's images are of.")
    ],
    population: Annotated[
        str, typer.Option(help="Whom the model is about, for its card; real data need it.")
    ] = "",
    models: Models = Path("models"),
) -> None:
    """Write a run's weights as a model, with bias line, intervals and figures.

    Example: python -m research export age build/runs/age --version 0.2.0 --data synthetic
    """
    from research.export import Origin
    from research.training.age_export import export_age

    with told():
        typer.echo(export_age(run, models, version, Origin(data, population)))


def export_limits(run: Run, folder: Cohort, models: Models = Path("models")) -> None:
    """Put on an age model's card what is usual for it: limits of heat and of its features.

    What features the training part has is in the run's folder; the limits are fixed on the
    part `bias`. The card's hash changes: approve it anew.

    Example: python -m research export age-limits build/runs/age build/cohorts/age
    """
    from research.cohort import read_records
    from research.training.age_limits import Part, limit_age
    from research.training.age_predictions import read_features
    from spine.inference.models import AGE_NAME

    unseen = Part(folder / "bias", read_records(folder / "bias"))
    with told():
        typer.echo(limit_age(models / AGE_NAME, read_features(run), unseen))
