"""Command of the report on disc progression."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from research.validation.discs.visibility import World


def report(
    run: Annotated[
        Path, typer.Argument(help="Folder of predictions-<scale>.csv, see docs/validation.md.")
    ],
    oracle: Annotated[
        Path | None, typer.Option(help="The virtual cohort's oracle.csv, or its folder.")
    ] = None,
    real_data: Annotated[
        Path | None, typer.Option(help="The 24 real patients with gradings (merged SPIDER).")
    ] = None,
    cohort: Annotated[
        Path | None, typer.Option(help="Folder of the cohort, for pictures of examples.")
    ] = None,
    other: Annotated[
        list[Path] | None, typer.Option(help="A run trained otherwise; repeat for more.")
    ] = None,
    world: Annotated[
        list[str] | None,
        typer.Option(help="RUN:COHORT of a world that shows less or more; repeat for more."),
    ] = None,
    finetuned: Annotated[
        Path | None, typer.Option(help="Folder of finetuned runs, named by number of patients.")
    ] = None,
    data: Annotated[
        Literal["synthetic", "real"], typer.Option(help="What the run's discs are.")
    ] = "synthetic",
    build: Annotated[Path, typer.Option(help="Where page and figures go.")] = Path("build"),
    resamples: Annotated[
        int, typer.Option(min=1, help="Draws of patients behind every interval.")
    ] = 2_000,
    seed: Annotated[int, typer.Option(min=0, help="Of the draws of patients.")] = 0,
) -> None:
    """Write all of P2's tables beside what needs no image: HTML, CSV and pictures.

    Makes build/report-disc-progression/index.html and build/report-disc-progression.json.

    Example: python -m research report disc-progression build/runs/progression
    --oracle build/cohorts/progression --cohort build/cohorts/progression
    --other build/runs/progression-weighted --real-data ../shared/data/spider_t2space
    """
    from research.estimators.faults import ReportsError
    from research.labeled.errors import LabeledDataError
    from research.measurements import Data, tabulate
    from research.validation.discs.report import COMMAND
    from research.validation.discs.report import report as write
    from research.validation.discs.results import Inputs

    inputs = Inputs(
        run=run,
        oracle=oracle,
        cohort=cohort,
        others=tuple(other or ()),
        worlds=[_world(pair) for pair in world or ()],
        finetuned=finetuned,
        real_data=real_data,
        data=Data(data),
        seed=seed,
        resamples=resamples,
    )
    try:
        rows = write(inputs, build)
    except (ReportsError, LabeledDataError, FileNotFoundError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(3) from error
    typer.echo(tabulate([row for row in rows if row.target is not None]))
    typer.echo(build / COMMAND / "index.html")


def _world(pair: str) -> "World":
    from research.validation.discs.visibility import World

    run, separator, cohort = pair.partition(":")
    if not (run and separator and cohort):
        raise typer.BadParameter(f"{pair}: write RUN:COHORT")
    return World(Path(run), Path(cohort))
