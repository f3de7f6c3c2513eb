"""How well clusters of reports find the planted normal people."""

import json
import resource
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from research.estimators.normal_cohort import NormalCohort, find_normal
from research.estimators.splits import count_parts, split
from research.measurements import Data, Measurement, write_measurements
from research.worlds.reports.cohort import VirtualReports, draw_reports
from research.worlds.reports.people import SERIES
from research.worlds.reports.settings import World

LEAST_BALANCED_ACCURACY = 0.8
MOST_SECONDS = 120.0

Rows = list[dict[str, float]]


@dataclass(frozen=True, slots=True)
class RecoveryPlan:
    """Which cohorts are drawn: seeds 0 up, of one world."""

    world: World
    seeds: int
    series: int
    processes: int


def validate(
    folder: Path, plan: RecoveryPlan, progress: Callable[[str], None] = lambda _: None
) -> list[Measurement]:
    """Draw cohorts, decide who is normal, compare; results on disk are not made again."""
    began = time.perf_counter()
    folder.mkdir(parents=True, exist_ok=True)
    rows: Rows = []
    for seed in range(plan.seeds):
        path = folder / f"{plan.world}-{plan.series}-{seed}.json"
        if not path.exists():
            part = path.with_suffix(".part")
            part.write_text(json.dumps(_one(seed, plan, progress), indent=1) + "\n")
            part.rename(path)
        rows += json.loads(path.read_text())
    results = _figures(pd.DataFrame(rows), plan)
    write_measurements("validate-cohort", time.perf_counter() - began, results)
    return results


def balanced_accuracy(normal: NDArray[np.bool_], planted: NDArray[np.bool_]) -> float:
    """Return the mean of both classes' shares found; NaN where a class is absent.

    Parameters
    ----------
    normal, planted : whether each series is normal, as decided and as planted
    """
    if planted.all() or not planted.any():
        return float("nan")
    return float((normal[planted].mean() + (~normal[~planted]).mean()) / 2.0)


def compare(cohort: NormalCohort, truth: pd.DataFrame) -> Rows:
    """Compare one cohort with its truth, a row a bracket.

    Parameters
    ----------
    truth : series, planted_class
    """
    planted = truth.set_index("series")["planted_class"] == "normal"
    rows = []
    for bracket, flags in cohort.flags.groupby("bracket"):
        normal = flags["normal"].to_numpy(dtype=np.bool_)
        wanted = planted.loc[flags["series"]].to_numpy(dtype=np.bool_)
        rows.append(
            {
                "bracket": int(bracket),
                "series": len(flags),
                "balanced_accuracy": balanced_accuracy(normal, wanted),
                "abnormal_share": float((~normal).mean()),
                "planted_abnormal_share": float((~wanted).mean()),
                "false_exclusion": float((~normal[wanted]).mean()),
            }
        )
    return rows


def _one(seed: int, plan: RecoveryPlan, progress: Callable[[str], None]) -> Rows:
    cohort: VirtualReports = draw_reports(plan.world, seed, plan.series)
    began, used = time.perf_counter(), _cpu_seconds()
    found = find_normal(cohort.reports, seed, processes=plan.processes, progress=progress)
    cost = {
        "processes": plan.processes,
        "seconds": time.perf_counter() - began,
        "cpu_seconds": _cpu_seconds() - used,
    }
    parts = {f"parts_{k}": v for k, v in asdict(count_parts(split(found.flags, seed))).items()}
    rows = compare(found, cohort.truth)
    return [{"seed": seed, **cost, **parts, **row} for row in rows]


def _figures(rows: pd.DataFrame, plan: RecoveryPlan) -> list[Measurement]:
    figures = []
    for bracket, inside in rows.groupby("bracket"):
        name, n = f"{plan.world}, {bracket}-year bracket", len(inside)
        score = float(inside["balanced_accuracy"].median())
        target = LEAST_BALANCED_ACCURACY if plan.world is World.PAPERS else None
        value = None if np.isnan(score) else score
        figures += [
            Measurement(
                f"{name}: balanced accuracy, median", value, "1", Data.SYNTHETIC, n, target
            ),
            _informative(f"{name}: abnormal share, median", inside["abnormal_share"], n),
            _informative(f"{name}: planted abnormal share", inside["planted_abnormal_share"], n),
            _informative(f"{name}: false exclusion, median", inside["false_exclusion"], n),
        ]
    return [*figures, *_costs(rows.drop_duplicates("seed"), plan)]


def _costs(seeds: pd.DataFrame, plan: RecoveryPlan) -> list[Measurement]:
    """Tell how long a cohort took with two brackets at once, and the processors' time."""
    two = seeds[seeds["processes"] == 2]["seconds"]
    name = f"{plan.world}: seconds to decide {plan.series} series"
    limit = MOST_SECONDS if plan.series == SERIES else None
    value = float(two.median()) if len(two) else None
    work = float(seeds["cpu_seconds"].median())
    return [
        Measurement(f"{name}, two processes", value, "s", Data.SYNTHETIC, len(two), limit, "lower"),
        Measurement(f"{name}, of processors", work, "s", Data.SYNTHETIC, len(seeds)),
    ]


def _cpu_seconds() -> float:
    """Sum the processors' time of this process and of those that it has waited for."""
    whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(use.ru_utime + use.ru_stime for use in map(resource.getrusage, whose))


def _informative(name: str, values: pd.Series, n: int) -> Measurement:
    return Measurement(name, float(values.median()), "1", Data.SYNTHETIC, n)
