"""What each number of the report would be in a million records: what estimates are held to."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from research.estimators.gap_and_age import CENTER_YEARS
from research.estimators.odds import LARGE_GAP_YEARS
from research.estimators.terms import Model, terms
from spine.age.bias import correct_bias
from spine.inference.models import BiasLine

Weights = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Estimands:
    """Numbers of the population.

    Attributes
    ----------
    effects : by term, the coefficient of its model without and with nothing of age, years
    odds : by term, crude
    line : the bias line of all normal people
    """

    effects: dict[str, float]
    odds: dict[str, float]
    line: BiasLine


def project(population: pd.DataFrame, abnormal: Weights, test_share: float) -> Estimands:
    """Project the gap on each model's terms, everybody weighted by the chance to be in it.

    The prediction goes through the bias correction of the population's own normal people.

    Parameters
    ----------
    population : `population.draw_population`
    abnormal : chance that the person has an abnormal series
    test_share : share of normal people who are in the test part
    """
    age = population["age_years"].to_numpy(dtype=np.float64)
    said = population["predicted_age_years"].to_numpy(dtype=np.float64)
    line = _line(age, said, 1 - abnormal)
    gap = np.asarray(correct_bias(said, line)) - age
    weight = abnormal + (1 - abnormal) * test_share
    effects = {term.name: float("nan") for term in terms()}
    for model in Model:
        names = [term.name for term in terms() if term.model is model]
        # What nobody in a small population has leaves nothing to project on.
        names = [name for name in names if population[name].nunique() > 1]
        columns = np.column_stack([np.ones(len(age)), population[["men", *names]]])
        effects |= dict(zip(names, _weighted(columns, gap, weight)[2:].tolist(), strict=True))
    odds = {term.name: _odds(population[term.name], gap, weight) for term in terms()}
    return Estimands(effects, odds, line)


def project_interaction(
    population: pd.DataFrame, abnormal: Weights, test_share: float
) -> dict[str, float]:
    """Return the slopes of the gap on age of people with and without demanding work."""
    age = population["age_years"].to_numpy(dtype=np.float64)
    said = population["predicted_age_years"].to_numpy(dtype=np.float64)
    gap = np.asarray(correct_bias(said, _line(age, said, 1 - abnormal))) - age
    does = (population["moderate_work"] + population["heavy_work"]).to_numpy() > 0
    centered = age - CENTER_YEARS
    columns = np.column_stack(
        [np.ones(len(age)), population["men"], does, centered * ~does, centered * does]
    )
    found = _weighted(columns, gap, abnormal + (1 - abnormal) * test_share)
    return {
        "others": float(found[3]),
        "exposed": float(found[4]),
        "difference": float(found[4] - found[3]),
        "at_center": float(found[2]),
    }


def _line(age: Weights, said: Weights, weight: Weights) -> BiasLine:
    columns = np.column_stack([np.ones(len(age)), age])
    intercept, slope = _weighted(columns, said, weight)
    return BiasLine(float(slope), float(intercept), len(age))


def _weighted(columns: Weights, outcome: Weights, weight: Weights) -> Weights:
    heavy = columns * weight[:, None]
    return np.asarray(np.linalg.solve(columns.T @ heavy, heavy.T @ outcome))


def _odds(exposed: pd.Series, gap: Weights, weight: Weights) -> float:
    has = exposed.to_numpy() > 0
    older, younger = gap > LARGE_GAP_YEARS, gap < -LARGE_GAP_YEARS
    a, b = weight[has & older].sum(), weight[~has & older].sum()
    c, d = weight[has & younger].sum(), weight[~has & younger].sum()
    return float(a * d / (b * c)) if b * c > 0 else float("nan")
