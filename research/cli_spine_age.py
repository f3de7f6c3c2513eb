"""The command `report spine-age`: P1's cohort and statistics on one page."""

from pathlib import Path
from typing import Annotated

import typer

from research.worlds.reports.settings import World

_UNUSABLE = 3


def report(
    table: Annotated[
        Path | None, typer.Argument(help="A site's own reports (docs/reports-schema.md).")
    ] = None,
    virtual: Annotated[
        bool, typer.Option("--virtual", help="A virtual world instead of a table.")
    ] = False,
    world: Annotated[World, typer.Option(help="Which virtual world.")] = World.PAPERS,
    seed: Annotated[int, typer.Option(help="Of clusters, parts, and the virtual cohort.")] = 0,
    seeds: Annotated[
        int, typer.Option(min=1, help="Virtual cohorts of the study; five null ones for each.")
    ] = 1,
    agreement: Annotated[
        int, typer.Option(min=1, help="Seeds of the clusters that are compared.")
    ] = 2,
    splits: Annotated[
        Path | None, typer.Option(help="Parts as saved before, by a report or `cohort normal`.")
    ] = None,
    planted: Annotated[
        bool, typer.Option("--planted", help="Virtual only: planted classes, no clusters.")
    ] = False,
    build: Annotated[Path, typer.Option(help="Gets the figures and the page.")] = Path("build"),
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 2,
) -> None:
    """Decide who is normal, divide, and tell what the gap goes with: every table of P1.

    Stages that are done are found again, so an interrupted report goes on where it was.

    Example: python -m research report spine-age --virtual --seeds 20

    Example: python -m research report spine-age reports.csv
    """
    from research.estimators.faults import ReportsError
    from research.validation.spine_age.cohort import clustering
    from research.validation.spine_age.report import Job, report_table, report_virtual
    from research.validation.spine_age.stages import Stages
    from research.validation.spine_age.virtual import Virtual

    if (table is None) != virtual or (planted and not virtual) or (splits and virtual):
        usage = "name a table, perhaps with --splits, or --virtual, perhaps with --planted"
        raise typer.BadParameter(usage)
    job = Job(build, seed, seeds, agreement, splits=splits)
    stages = Stages(job.folder / "stages", lambda text: typer.echo(text, err=True))
    flagger = None if planted else clustering(stages, workers)
    try:
        if table is None:
            page = report_virtual(Virtual(world, stages, flagger, workers=workers), job)
        elif flagger is not None:
            page = report_table(table, flagger, job)
    except ReportsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(_UNUSABLE) from None
    typer.echo(page)
