"""Commands on tables of reports, registered with those of `research.cli`."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

# As the service's program says it: 3 input.
_INPUT = 3
_BRACKETS = 6

Table = Annotated[Path, typer.Argument(help="Table of reports: .csv or .parquet.")]
Seed = Annotated[int, typer.Option(min=0, help="The same seed gives the same files.")]
Processes = Annotated[int, typer.Option(min=1, help="Age brackets at once.")]


def register(cohort_app: typer.Typer, validate_app: typer.Typer) -> None:
    """Add `cohort reports`, `cohort normal` and `validate cohort`."""
    cohort_app.command("reports")(cohort_reports)
    cohort_app.command("normal")(cohort_normal)
    validate_app.command("cohort")(validate_cohort)


def cohort_reports(
    folder: Annotated[Path, typer.Argument(help="Folder for the table and its truth.")],
    world: Annotated[str, typer.Option(help="What is planted; see the worlds below.")] = "papers",
    seed: Seed = 0,
    series: Annotated[int, typer.Option(min=100, help="P1 has 18,070.")] = 18_070,
    parquet: Annotated[bool, typer.Option("--parquet", help="Instead of CSV.")] = False,
) -> None:
    """Draw a virtual cohort of reports with planted classes and effects.

    Worlds: papers, null, no-abnormals, heavy-tails, missed-findings, scanner-shift,
    nonlinear-age, reader-drift. The planted classes stand in truth.csv, which no estimator
    reads. Synthetic: no clinical performance claim.

    Example: python -m research cohort reports build/reports --world papers --seed 0
    """
    from research.worlds.reports.cohort import write_cohort
    from research.worlds.reports.settings import World

    try:
        known = World(world)
    except ValueError:
        raise typer.BadParameter(f"one of {', '.join(World)}", param_hint="--world") from None
    ending = "parquet" if parquet else "csv"
    with _progress(2, "reports") as step:
        path = write_cohort(folder, known, seed, series, ending, step)
    typer.echo(path)


def cohort_normal(
    table: Table,
    out: Annotated[Path, typer.Argument(help="Folder for flags, splits, tables and pictures.")],
    seed: Seed = 0,
    more_seeds: Annotated[
        int, typer.Option(min=0, help="Further seeds to compare the flags with.")
    ] = 0,
    processes: Processes = 2,
) -> None:
    """Decide from reports who is normal for their age, and split by person (P1, 2.3 and 3.1).

    Ends with status 3 if the table cannot be used; rows that cannot be are set aside.

    Example: python -m research cohort normal build/reports/reports.csv build/normal
    """
    from research.estimators.cohort_files import CohortPlan, write_normal_cohort

    plan = CohortPlan(seed, range(seed + 1, seed + 1 + more_seeds), processes)
    with _faults_told(), _progress(_BRACKETS * (1 + more_seeds), "brackets") as step:
        lines = write_normal_cohort(table, out, plan, step)
    typer.echo("\n".join(lines))


def validate_cohort(
    folder: Annotated[Path, typer.Argument(help="Folder of results; resumed.")] = Path(
        "build/validate-cohort"
    ),
    world: Annotated[str, typer.Option(help="A world of `cohort reports`.")] = "papers",
    seeds: Annotated[int, typer.Option(min=1, help="Cohorts, from seed 0 up.")] = 1,
    series: Annotated[int, typer.Option(min=500, help="P1 has 18,070.")] = 18_070,
    processes: Processes = 2,
) -> None:
    """Compare normal and abnormal with the planted class; writes build/validate-cohort.json.

    Example: python -m research validate cohort --seeds 20
    """
    from research.measurements import tabulate
    from research.validation.reports.recovery import RecoveryPlan, validate
    from research.worlds.reports.settings import World

    plan = RecoveryPlan(World(world), seeds, series, processes)
    with _progress(_BRACKETS * seeds, "brackets") as step:
        rows = validate(folder, plan, step)
    typer.echo(tabulate(rows))


@contextmanager
def _progress(total: int, name: str) -> Iterator[Callable[[str], None]]:
    """Show a bar that moves on with each call, which says what was done."""
    from tqdm import tqdm

    with tqdm(total=total, desc=name, mininterval=1) as bar:

        def _step(done: str) -> None:
            bar.set_postfix_str(done, refresh=False)
            bar.update()

        yield _step


@contextmanager
def _faults_told() -> Iterator[None]:
    """Turn what is wrong with a table into lines and an exit status."""
    from research.estimators.faults import ReportsError

    try:
        yield
    except ReportsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(_INPUT) from None
