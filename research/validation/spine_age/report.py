"""P1's cohort and statistics as one page, with pictures, tables and ``report-spine-age.json``."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from research.estimators.normal_cohort import NormalCohort
from research.estimators.schema import Reports, read_reports
from research.estimators.splits import read_splits, write_splits
from research.measurements import Data, Measurement, write_measurements
from research.pages import Page, Section
from research.validation.age.large_gaps import write_review
from research.validation.spine_age.age_sections import LARGE_GAPS_FILE
from research.validation.spine_age.ages import age_cases
from research.validation.spine_age.checklists import checklists_section
from research.validation.spine_age.cohort import Flagger, as_cohort, divide, take_parts
from research.validation.spine_age.context import Context
from research.validation.spine_age.figures import cohort_rows
from research.validation.spine_age.odds_rows import odds_rows
from research.validation.spine_age.sections import sections_of
from research.validation.spine_age.stages import Cost
from research.validation.spine_age.statistics import PREDICTED, Statistics, fit_statistics
from research.validation.spine_age.study import balanced_accuracies, held_table
from research.validation.spine_age.virtual import Virtual, masks
from research.validation.spine_age.virtual_sections import Study, study_section, targets_section
from research.worlds.reports.people import SERIES
from research.worlds.reports.settings import World

COMMAND = "report-spine-age"
TITLE = "Spine age: cohort and statistics"
MOST_SECONDS = 600.0
SPLITS_FILE = "splits.csv"
_CLAIM = (
    "Recovery in a virtual world proves code, not medicine: its reports, ages and effects are "
    "drawn from assumed laws."
)


@dataclass(frozen=True, slots=True)
class Job:
    """What is asked of a report.

    Attributes
    ----------
    build : gets ``report-spine-age.json`` and the folder ``report-spine-age`` with the page
    seed : of clusters and parts, and of the virtual cohort that is shown
    seeds : cohorts of the study of a virtual world, the shown one among them
    agreement : seeds of the clusters that are compared on the shown cohort
    nulls_a_seed : cohorts of the null world for each of the study; none without a study
    splits : of a site's table, as saved before; None divides anew
    """

    build: Path
    seed: int = 0
    seeds: int = 1
    agreement: int = 2
    nulls_a_seed: int = 5
    splits: Path | None = None

    @property
    def folder(self) -> Path:
        """Folder of the page."""
        return self.build / COMMAND


def report_table(path: Path, flagger: Flagger, job: Job) -> Path:
    """Report on a site's own table; return the page.

    Raises
    ------
    ReportsError
        If the table or the splits as a whole cannot be used.
    """
    begin = time.monotonic()
    reports = read_reports(path)
    flags = flagger(reports.table, job.seed)
    if job.splits is None:
        table = divide(reports.table, flags, job.seed)
    else:
        table = take_parts(reports.table, flags, read_splits(job.splits))
    context = _measured(Context(Data.REAL, f"The table {path.name}.", reports, table))
    others = _others(reports, flagger, job)
    rows = cohort_rows(context, others)
    page = _write(context, sections_of(context, others), rows, job)
    write_measurements(COMMAND, time.monotonic() - begin, rows, job.build)
    return page


def report_virtual(virtual: Virtual, job: Job) -> Path:
    """Report on a cohort of a virtual world, beside its population, and study more of them."""
    begin, began = time.monotonic(), Cost.now()
    reports, planted = virtual.written(job.folder / "cohorts", job.seed)
    flags = virtual.flags(reports.table, planted, job.seed)
    origin = f"Virtual world {virtual.world.value}, seed {job.seed}. {_CLAIM}"
    table = divide(reports.table, flags, job.seed)
    population = virtual.population()
    estimands, lines = virtual.estimands(population, table)
    context = _measured(
        Context(Data.SYNTHETIC, origin, reports, table, estimands=estimands, interaction=lines)
    )
    others = _others(reports, virtual.flagger, job) if virtual.flagger else []
    sections = sections_of(context, others)
    found = context.found()
    cost = virtual.stages.whole_since(began)
    classes = balanced_accuracies(table, planted.loc[table.index])
    shown = pd.concat([held_table(found, estimands), classes])
    study = _study(virtual, shown, population, job)
    rows = [*cohort_rows(context, others), *study.rows(), *_cost_rows(cost, len(reports.table))]
    rows += odds_rows(found.odds) if virtual.world is World.PAPERS else []
    page = _write(context, [*sections, study_section(study)], rows, job)
    write_measurements(COMMAND, time.monotonic() - begin, rows, job.build)
    return page


def _measured(context: Context) -> Context:
    """Add the statistics, or why there are none."""
    if PREDICTED not in context.table.columns:
        return context.without_statistics(f"The table has no column {PREDICTED}.")
    try:
        return context.with_statistics(fit_statistics(context.table, *masks(context.table)))
    except ValueError as error:
        return context.without_statistics(f"No statistics of the gap: {error}.")


def _others(reports: Reports, flagger: Flagger | None, job: Job) -> list[NormalCohort]:
    """Flag the same reports under other seeds."""
    if flagger is None:
        return []
    seeds = range(job.seed + 1, job.seed + job.agreement)
    table = reports.table
    return [as_cohort(table.join(flagger(table, s)[_FLAGS], how="inner")) for s in seeds]


_FLAGS = ["bracket", "cluster", "x", "y", "normal"]


def _study(virtual: Virtual, shown: pd.DataFrame, population: pd.DataFrame, job: Job) -> Study:
    more = range(job.seed + 1, job.seed + job.seeds)
    nulls = range(job.nulls_a_seed * job.seeds if job.seeds > 1 else 0)
    measured = [shown, *(virtual.measured(seed, lambda: population) for seed in more)]
    null = [virtual.null(number) for number in nulls]
    return Study(measured, null, virtual.flagger is not None)


def _cost_rows(cost: Cost, series: int) -> list[Measurement]:
    """Return the time of all but the study and the page, which only counts at P1's size."""
    target = MOST_SECONDS if series >= SERIES else None
    name = "one cohort, no study, every stage made"
    return [
        Measurement(name, round(cost.seconds, 1), "s", Data.NONE, series, target, "lower"),
        Measurement(f"{name}: of processors", round(cost.cpu_seconds, 1), "s", Data.NONE, series),
    ]


def _write(
    context: Context, sections: Sequence[Section], rows: Sequence[Measurement], job: Job
) -> Path:
    write_splits(context.table, job.folder / SPLITS_FILE)
    if context.statistics is not None:
        _list_large_gaps(context.statistics, job.folder / LARGE_GAPS_FILE)
    whole = [*sections, targets_section(rows, job.build), checklists_section()]
    return Page(TITLE, context.data, whole, context.origin).write(job.folder)


def _list_large_gaps(found: Statistics, path: Path) -> None:
    """Write the list to review; what a reader has filled in stays."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_review(path, age_cases(found.table), found.correction.line)
