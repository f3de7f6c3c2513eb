"""Command of joined stations: ``python -m research validate stations``."""

from pathlib import Path
from typing import Annotated

import typer

from research.cli_errors import told


def register(validate_app: typer.Typer) -> None:
    """Add `validate stations`."""
    validate_app.command("stations")(validate)


def validate(
    subjects: Annotated[int, typer.Option(min=1, help="Of the cohort, the first ones.")] = 50,
    cohort: Annotated[
        Path, typer.Option(help="Whole spines of people that no training has seen.")
    ] = Path("build/cohorts/age/test"),
    models: Annotated[Path, typer.Option("--models", "-m", help="Folder of all models.")] = Path(
        "models"
    ),
    folder: Annotated[Path, typer.Option(help="Outcomes; goes on from what is there.")] = Path(
        "build/validate-stations"
    ),
) -> None:
    """Compare spines in two and three stations with the same spine as one series.

    Writes build/validate-stations.json. `cohort age` renders the cohort.

    Example: python -m research validate stations --subjects 50
    """
    from research.measurements import tabulate
    from research.validation.stations import Inputs
    from research.validation.stations import validate as measure

    with told():
        typer.echo(tabulate(measure(Inputs(cohort, models, subjects, folder))))
