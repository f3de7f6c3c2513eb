"""Who is normal for an age: clusters of reports, bracket by bracket (P1, section 2.3)."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from research.estimators.clustering import LEAST_SERIES, Clusters, find_clusters
from research.estimators.faults import ReportsError
from research.estimators.features import aggregate
from research.estimators.pairs import SHIPPED, PairList
from research.estimators.vocabulary import BRACKETS, bracket_of

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class NormalCohort:
    """The decision on every series.

    Attributes
    ----------
    flags : indexed as the reports: series, patient, sex, bracket, cluster (-1 for noise),
        x, y, normal; series of brackets that are too small are not in it
    clusters : by bracket
    too_small : series in brackets that were left undecided, by bracket
    """

    flags: pd.DataFrame
    clusters: Mapping[int, Clusters]
    too_small: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class _Job:
    bracket: int
    features: NDArray[np.int16]
    seed: int


def find_normal(
    table: pd.DataFrame,
    seed: int = 0,
    which: PairList = SHIPPED,
    processes: int = 1,
    progress: Progress = lambda _: None,
) -> NormalCohort:
    """Flag every series as normal or abnormal for its age.

    Parameters
    ----------
    table : typed reports
    processes : brackets at once, each in a process of its own; 1 is this one
    progress : told each bracket that is done

    Raises
    ------
    ReportsError
        If no bracket has enough series.
    """
    brackets = brackets_of(table)
    sizes = {b: int((brackets == b).sum()) for b in BRACKETS}
    too_small = {b: n for b, n in sizes.items() if 0 < n < LEAST_SERIES}
    features = aggregate(table, which).to_numpy()
    jobs = [_Job(b, features[brackets == b], seed) for b, n in sizes.items() if n >= LEAST_SERIES]
    if not jobs:
        raise ReportsError(f"no age bracket has {LEAST_SERIES} series")
    found = {c.bracket: c for c in _done(jobs, processes, progress)}
    clusters = {bracket: found[bracket] for bracket in sorted(found)}
    return NormalCohort(_flags(table, brackets, clusters), clusters, too_small)


def brackets_of(table: pd.DataFrame) -> NDArray[np.int64]:
    """Return the bracket of every series, shape (series,)."""
    return np.array([bracket_of(age) for age in table["age_years"]], dtype=np.int64)


def _done(jobs: Iterable[_Job], processes: int, progress: Progress) -> Iterator[Clusters]:
    """Cluster the largest brackets first, so that none is left to one process alone."""
    ordered = sorted(jobs, key=lambda job: -len(job.features))
    for found in _run(ordered, processes):
        progress(f"{found.bracket}-year bracket: {len(found.labels)} series")
        yield found


def _run(jobs: list[_Job], processes: int) -> Iterator[Clusters]:
    if processes == 1:
        yield from map(_cluster, jobs)
        return
    # Spawned: numba's threads do not survive a fork.
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for future in as_completed([pool.submit(_cluster, job) for job in jobs]):
            yield future.result()


def _cluster(job: _Job) -> Clusters:
    return find_clusters(job.features, job.bracket, job.seed)


def _flags(
    table: pd.DataFrame, brackets: NDArray[np.int64], clusters: Mapping[int, Clusters]
) -> pd.DataFrame:
    parts = []
    for bracket, found in clusters.items():
        part = table.loc[brackets == bracket, ["series", "patient", "sex"]]
        parts.append(
            part.assign(
                bracket=bracket,
                cluster=found.labels,
                x=found.plane[:, 0],
                y=found.plane[:, 1],
                normal=found.normal,
            )
        )
    return pd.concat(parts).loc[lambda flags: table.index.intersection(flags.index)]
