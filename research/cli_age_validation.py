"""Command of spine age's figures: ``python -m research validate age``."""

from pathlib import Path
from typing import Annotated

import typer

from research.cli_errors import told

Models = Annotated[Path, typer.Option("--models", "-m", help="Folder of all models.")]


def validate(
    predictions: Annotated[
        Path, typer.Option(help="What the exported network said: predictions.csv of its run.")
    ],
    runs: Annotated[
        Path | None, typer.Option(help="Folder of the ablations, a folder a run in it.")
    ] = None,
    cohort: Annotated[
        Path | None, typer.Option(help="Rendered parts; without it subjects are rendered anew.")
    ] = None,
    models: Models = Path("models"),
    kinds_cases: Annotated[
        int, typer.Option(min=0, help="Cases of each kind in and out of scope; goes on from disk.")
    ] = 300,
    service_cases: Annotated[
        int, typer.Option(min=0, help="Scans of the cohort that the service reads again.")
    ] = 20,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 1,
) -> None:
    """Measure a model of spine age on everything that no training has seen.

    Writes build/validate-age.json, and build/validate-age with a page, its tables and pictures.

    Example: python -m research validate age --predictions build/runs/age/predictions.csv
    --runs build/runs/age-ablations --cohort build/cohorts/age --workers 2
    """
    from research.measurements import tabulate
    from research.validation.age.validation import Inputs
    from research.validation.age.validation import validate as measure

    inputs = Inputs(predictions, runs, cohort, models, kinds_cases, service_cases, workers)
    with told():
        rows = measure(inputs)
        typer.echo(tabulate([row for row in rows if row.target is not None]))
        typer.echo("every figure: build/validate-age/index.html")


def limit_images(
    part: Annotated[Path, typer.Argument(help="A part of the cohort that is not learned from.")],
    models: Models = Path("models"),
    subjects: Annotated[
        int | None, typer.Option(min=1, help="How many to look at; all by default.")
    ] = None,
) -> None:
    """Fix which images an exported age model may judge, on its card; prints the card's new hash.

    Example: python -m research export age-images build/cohorts/age/validation
    """
    from research.training.image_limits import limit_images as limit
    from spine.inference.models import AGE_NAME

    with told():
        typer.echo(limit(models / AGE_NAME, part, subjects))
