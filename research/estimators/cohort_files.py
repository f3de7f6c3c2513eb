"""From a table of reports to files: who is normal, who trains, and how firm that is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from research.estimators.cluster_names import tabulate_clusters
from research.estimators.cohort_pictures import draw_parts, draw_plane
from research.estimators.features import aggregate
from research.estimators.normal_cohort import NormalCohort, Progress, brackets_of, find_normal
from research.estimators.schema import Reports, read_reports
from research.estimators.splits import count_parts, split, tabulate_parts, write_splits
from research.estimators.stability import seed_agreement, sweep_merge_distance
from research.estimators.table1 import tabulate_classes
from research.listing import listed

FLAGS_FILE = "flags.csv"
SPLITS_FILE = "splits.csv"
SET_ASIDE_FILE = "set_aside.csv"
_DPI = 100


@dataclass(frozen=True, slots=True)
class CohortPlan:
    """How a cohort is made.

    Attributes
    ----------
    more_seeds : other seeds that the flags are compared with; each takes as long again
    processes : brackets at once
    """

    seed: int = 0
    more_seeds: Sequence[int] = ()
    processes: int = 2


def write_normal_cohort(
    path: Path, out: Path, plan: CohortPlan, progress: Progress = lambda _: None
) -> tuple[str, ...]:
    """Read a table, decide who is normal, split, write everything to `out`.

    Returns
    -------
    what a person should know, a line each: rows set aside, omissions, sizes

    Raises
    ------
    ReportsError
        If the table cannot be used.
    """
    reports = read_reports(path)
    cohort = find_normal(reports.table, plan.seed, processes=plan.processes, progress=progress)
    splits = split(cohort.flags, plan.seed)
    out.mkdir(parents=True, exist_ok=True)
    _write(reports.set_aside, out / SET_ASIDE_FILE)
    _write(cohort.flags, out / FLAGS_FILE)
    write_splits(splits, out / SPLITS_FILE)
    _write(tabulate_classes(cohort.flags), out / "table-1.csv")
    _write_figure_2(splits, out)
    _write_figure_3(reports.table, cohort, out)
    if plan.more_seeds:
        again = _again(reports.table, plan, progress)
        _write(seed_agreement([cohort, *again]), out / "seed-agreement.csv")
    return (*_omissions(reports, cohort), *_sizes(reports, cohort, splits))


def _again(table: pd.DataFrame, plan: CohortPlan, progress: Progress) -> list[NormalCohort]:
    def _told(seed: int) -> Callable[[str], None]:
        return lambda step: progress(f"seed {seed}, {step}")

    return [
        find_normal(table, seed, processes=plan.processes, progress=_told(seed))
        for seed in plan.more_seeds
    ]


def _write_figure_2(splits: pd.DataFrame, out: Path) -> None:
    parts = tabulate_parts(splits)
    _write(parts, out / "figure-2.csv")
    draw_parts(parts).savefig(out / "figure-2.png", dpi=_DPI)


def _write_figure_3(table: pd.DataFrame, cohort: NormalCohort, out: Path) -> None:
    features, brackets = aggregate(table), brackets_of(table)
    named = []
    for bracket, clusters in cohort.clusters.items():
        rows = tabulate_clusters(clusters, features[brackets == bracket])
        draw_plane(clusters, rows).savefig(out / f"figure-3-{bracket}.png", dpi=_DPI)
        named.append(rows)
    _write(pd.concat(named), out / "figure-3.csv")
    sweeps = [sweep_merge_distance(clusters) for clusters in cohort.clusters.values()]
    _write(pd.concat(sweeps), out / "merge-distances.csv")


def _omissions(reports: Reports, cohort: NormalCohort) -> tuple[str, ...]:
    lines = []
    if len(reports.set_aside):
        rows = reports.set_aside["row"].nunique()
        faults = reports.set_aside["fault"].value_counts()
        told = ", ".join(f"{fault} {count}" for fault, count in faults.items())
        lines.append(f"{rows} rows set aside ({told}); see {SET_ASIDE_FILE}")
    if reports.omitted:
        lines.append(f"columns that the table lacks: {listed(reports.omitted, most=30)}")
    lines += [
        f"{bracket}-year bracket: {count} series are too few for clusters; left undecided"
        for bracket, count in cohort.too_small.items()
    ]
    return tuple(lines)


def _sizes(reports: Reports, cohort: NormalCohort, splits: pd.DataFrame) -> tuple[str, ...]:
    sizes = count_parts(splits)
    normal = int(cohort.flags["normal"].sum())
    return (
        f"{reports.rows} rows, {len(cohort.flags)} series decided, {normal} normal",
        f"training {sizes.training}, validation {sizes.validation}, test {sizes.test}, "
        f"full test {sizes.full_test}",
    )


def _write(table: pd.DataFrame, path: Path) -> None:
    table.to_csv(path, index=False, float_format="%.6g", lineterminator="\n")
