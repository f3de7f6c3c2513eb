"""How often the intervals hold: many cohorts of a virtual world, each kept when it is done."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from research.estimators.associations import Association, fit_associations
from research.estimators.gaps import fit_correction, gaps_of
from research.estimators.vocabulary import BRACKETS
from research.measurements import Data, Measurement
from research.validation.reports.recovery import LEAST_BALANCED_ACCURACY, balanced_accuracy
from research.validation.spine_age.estimands import Estimands
from research.validation.spine_age.statistics import Statistics

SEEDS, NULL_SEEDS = 20, 100
"""How many cohorts the targets are of."""

COVERAGE_RANGE = (0.93, 0.97)
FALSE_POSITIVE_RANGE = (0.04, 0.06)
SIGNIFICANCE = 0.05


def held_table(found: Statistics, estimands: Estimands) -> pd.DataFrame:
    """Tell of each coefficient whether its interval holds the population's.

    Returns
    -------
    term, people, effect, low, high, p, population, inside; NaN where omitted
    """
    return pd.DataFrame(
        [_held(row, estimands.effects[row.term.name]) for row in found.associations]
    )


def null_table(table: pd.DataFrame, validation: np.ndarray, full_test: np.ndarray) -> pd.DataFrame:
    """Return the p value of each coefficient in a cohort where nothing goes with the gap."""
    correction = fit_correction(table[validation])
    used = table[full_test]
    rows = fit_associations(used, gaps_of(used, correction))
    p = [np.nan if row.plain is None else row.plain.p for row in rows]
    return pd.DataFrame({"term": [row.term.name for row in rows], "p": p})


def balanced_accuracies(flags: pd.DataFrame, planted_normal: pd.Series) -> pd.DataFrame:
    """Compare the flag with the planted class, bracket by bracket.

    Parameters
    ----------
    flags : bracket and normal of each series
    planted_normal : in the same order

    Returns
    -------
    bracket, series, balanced_accuracy: mean of both classes' shares that are found
    """
    planted = planted_normal.to_numpy(dtype=bool)
    rows = []
    for bracket in BRACKETS:
        inside = (flags["bracket"] == bracket).to_numpy()
        found = flags["normal"].to_numpy(dtype=bool)[inside]
        rows.append((bracket, int(inside.sum()), balanced_accuracy(found, planted[inside])))
    return pd.DataFrame(rows, columns=["bracket", "series", "balanced_accuracy"])


def coverage_rows(held: Sequence[pd.DataFrame], how: str = "") -> list[Measurement]:
    """Return the share of intervals that hold; fewer than 20 cohorts miss the target.

    Parameters
    ----------
    how : who was taken for normal, if not by clusters; then the target is missed too
    """
    together = pd.concat(held, ignore_index=True)
    known = together.dropna(subset=["effect"])
    share = float(known["inside"].mean()) if len(known) else None
    wanted = share if len(held) >= SEEDS and not how else None
    name = f"54 coefficients x {SEEDS} seeds: inside their 95 % intervals"
    return [
        *_range(name, wanted, COVERAGE_RANGE, len(known)),
        Measurement(f"inside, {len(held)} seeds{how}", share, "1", Data.SYNTHETIC, len(known)),
        Measurement(
            f"coefficients omitted, {len(held)} seeds{how}",
            float(len(together) - len(known)),
            "coefficients",
            Data.SYNTHETIC,
            len(together),
        ),
    ]


def null_rows(tables: Sequence[pd.DataFrame]) -> list[Measurement]:
    """Return the share of false positives; fewer than 100 cohorts miss the target."""
    p = pd.concat(tables, ignore_index=True)["p"].dropna() if tables else pd.Series(dtype=float)
    share = float((p < SIGNIFICANCE).mean()) if len(p) else None
    wanted = share if len(tables) >= NULL_SEEDS else None
    name = f"null world, {NULL_SEEDS} seeds: false positives at 5 %"
    informative = f"null world: false positives at 5 %, {len(tables)} seeds"
    return [
        *_range(name, wanted, FALSE_POSITIVE_RANGE, len(p)),
        Measurement(informative, share, "1", Data.SYNTHETIC, len(p)),
    ]


def accuracy_rows(tables: Sequence[pd.DataFrame]) -> list[Measurement]:
    """Return the median balanced accuracy by bracket; fewer than 20 cohorts miss the target."""
    columns = ["bracket", "series", "balanced_accuracy"]
    together = pd.concat([pd.DataFrame(columns=columns, dtype=float), *tables])
    rows = []
    for bracket in BRACKETS:
        part = together[together["bracket"] == bracket]
        middle = float(part["balanced_accuracy"].median())
        median = middle if np.isfinite(middle) else None
        wanted = median if len(tables) >= SEEDS else None
        name = f"bracket {bracket}: balanced accuracy against the planted class"
        least = LEAST_BALANCED_ACCURACY
        label = f"{name}, median of {SEEDS} seeds"
        rows.append(Measurement(label, wanted, "1", Data.SYNTHETIC, len(tables), least, "higher"))
        label = f"{name}, {len(tables)} seeds"
        rows.append(Measurement(label, median, "1", Data.SYNTHETIC, len(tables)))
    return rows


def terms_table(held: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Give, by coefficient, how often its interval holds and how far its mean lies off."""
    together = pd.concat(held, ignore_index=True).dropna(subset=["effect"])
    together["off"] = together["effect"] - together["population"]
    found = together.groupby("term", sort=False).agg(
        cohorts=("effect", "size"),
        people=("people", "median"),
        population=("population", "mean"),
        mean=("effect", "mean"),
        off=("off", "mean"),
        inside=("inside", "mean"),
    )
    return found.reset_index()


def _held(row: Association, truth: float) -> dict[str, object]:
    line: dict[str, object] = {"term": row.term.name, "people": row.people, "population": truth}
    if row.plain is None or np.isnan(truth):
        return line | dict.fromkeys(("effect", "low", "high", "p", "inside"), np.nan)
    plain = row.plain
    line |= {"effect": plain.value, "low": plain.low, "high": plain.high, "p": plain.p}
    return line | {"inside": float(plain.low <= truth <= plain.high)}


def _range(
    name: str, value: float | None, limits: tuple[float, float], n: int
) -> list[Measurement]:
    """Return two rows: not below the first limit, not above the second."""
    low, high = limits
    return [
        Measurement(name, value, "1", Data.SYNTHETIC, n, low, "higher"),
        Measurement(name, value, "1", Data.SYNTHETIC, n, high, "lower"),
    ]
