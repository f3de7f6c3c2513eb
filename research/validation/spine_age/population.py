"""A million records of a virtual world, and who of them would be in the full-test set."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from research.estimators.features import aggregate, feature_names
from research.estimators.terms import Model, exposures, terms
from research.estimators.vocabulary import bracket_of
from research.worlds.reports.cohort import draw_reports
from research.worlds.reports.people import SERIES
from research.worlds.reports.settings import World

COHORTS = 56
"""Cohorts of P1's size: 1,011,920 records."""

# Apart from the seeds of every cohort that is measured.
_FIRST_SEED = 1_000_000
_Job = tuple[World, int, int]

# Some features are terms as well.
_FEATURE = "feature: "
_CONTINUOUS = ("packs_per_day", "alcohol_days_per_week", "sedentary_hours_per_day")


def draw_population(
    world: World, cohorts: int = COHORTS, series: int = SERIES, workers: int = 2
) -> pd.DataFrame:
    """Draw cohorts and keep of each record what the statistics need.

    Returns
    -------
    a row a series: person, men, age_years, predicted_age_years, bracket, the 67 features and
    the 54 terms by their names
    """
    jobs = [(world, _FIRST_SEED + number, series) for number in range(cohorts)]
    drawn = list(tqdm(_drawn(jobs, workers), total=cohorts, desc="population", mininterval=5))
    for number, part in enumerate(drawn):
        part["person"] += number * series
    return pd.concat(drawn, ignore_index=True)


def abnormal_chances(
    population: pd.DataFrame, features: pd.DataFrame, bracket: pd.Series, normal: pd.Series
) -> NDArray[np.float64]:
    """Return how likely each record's person is to have an abnormal series.

    Clusters exist only in the cohort that they were found in. Whether they would take up a
    record of the population is learned from that cohort's own flags, bracket by bracket.

    Parameters
    ----------
    features, bracket, normal : of the cohort, one row a series

    Source
    ------
    docs/adr/0094-what-the-estimates-are-held-to.md.
    """
    alone = np.ones(len(population))
    names = [_FEATURE + name for name in feature_names()]
    for name in sorted(set(population["bracket"])):
        inside = (population["bracket"] == name).to_numpy()
        known = (bracket == name).to_numpy()
        asked = population.loc[inside, names].to_numpy()
        chance = _chance(features[known].to_numpy(), ~normal[known].to_numpy(dtype=bool), asked)
        alone[inside] = 1 - chance
    person = population["person"].to_numpy()
    logarithm = np.log(np.clip(alone, 1e-9, 1.0))
    together = np.bincount(person, weights=logarithm)
    return np.asarray(1 - np.exp(together[person]))


def _chance(
    features: NDArray[np.int16], abnormal: NDArray[np.bool_], asked: NDArray[np.int8]
) -> NDArray[np.float64]:
    if not abnormal.size:
        raise ValueError("a bracket of the population has nobody in the cohort")
    if abnormal.all() or not abnormal.any():
        return np.full(len(asked), float(abnormal[0]))
    model = HistGradientBoostingClassifier(
        max_iter=100, learning_rate=0.15, min_samples_leaf=10, early_stopping=False, random_state=0
    )
    # Its threads wait for each other at every leaf: on a busy machine one is many times faster.
    with threadpool_limits(1, "openmp"):
        model.fit(features, abnormal)
        return np.asarray(model.predict_proba(asked)[:, 1], dtype=np.float64)


def _drawn(jobs: Sequence[_Job], workers: int) -> Iterator[pd.DataFrame]:
    if workers == 1:
        yield from map(_draw, jobs)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(_draw, jobs)


def _draw(job: _Job) -> pd.DataFrame:
    table = draw_reports(*job).reports
    person = pd.DataFrame(
        {
            "person": np.unique(table["patient"], return_inverse=True)[1],
            "men": (table["sex"] == "M").astype(np.int8),
            "age_years": table["age_years"],
            "predicted_age_years": table["predicted_age_years"],
            "bracket": table["age_years"].map(bracket_of).astype(np.int8),
        }
    )
    exposed = pd.concat([exposures(table, model) for model in Model], axis=1)
    kinds = {t.name: "float32" if t.name in _CONTINUOUS else "int8" for t in terms()}
    found = aggregate(table).astype(np.int8).add_prefix(_FEATURE)
    return pd.concat([person, found, exposed.astype(kinds)], axis=1)
