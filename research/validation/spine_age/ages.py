"""How well ages are told in the cohort at hand: P1's Tables 2 to 4 and section 4.3."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd
from torch import nn

from research.estimators.gap_and_age import gap_slope
from research.estimators.gaps import Correction, gaps_of
from research.measurements import Data
from research.training.metrics import (
    mean_absolute_error,
    r_squared,
    weighted_mean_absolute_error,
)
from research.validation.age.cases import AgeCase
from research.validation.age.printed import PROPOSED, TABLE_3, TABLE_4
from research.validation.age.repeats import RepeatPair, repeatability
from spine.age.bias import correct_bias
from spine.networks.age_dcnn import AgeDCNN

_SEED = 4
_DAYS_A_YEAR = 365.25


def network_table() -> pd.DataFrame:
    """List the layers with parameters of the network, and their sum (P1, Table 2)."""
    network = AgeDCNN()
    parts: list[tuple[str, nn.Module]] = [
        (f"block{n}", block) for n, block in enumerate(network.blocks, start=1)
    ]
    parts += [("top", network.top), ("prediction", nn.Sequential(network.prediction))]
    rows = [
        {
            "part": part,
            "layer": type(layer).__name__,
            "shape": "x".join(map(str, layer.weight.shape)),
            "parameters": sum(values.numel() for values in layer.parameters()),
        }
        for part, layers in parts
        for layer in layers.children()
        if isinstance(layer, nn.Conv3d | nn.BatchNorm3d | nn.Linear)
    ]
    table = pd.DataFrame(rows)
    table.loc[len(table)] = ["all", "", "", table["parameters"].sum()]
    return table


def accuracy_table(table: pd.DataFrame, correction: Correction) -> pd.DataFrame:
    """Give MAE, R2 and WMAE of normal test series beside Table 3."""
    truth = table["age_years"].to_numpy(dtype=np.float64)
    said = table["predicted_age_years"].to_numpy(dtype=np.float64)
    corrected = np.asarray(correct_bias(said, correction.line))
    measures = {
        "MAE": mean_absolute_error,
        "R2": r_squared,
        "WMAE": weighted_mean_absolute_error,
    }
    ours = {name: measure(truth, said) for name, measure in measures.items()}
    ours |= {f"{name}, corrected": measure(truth, corrected) for name, measure in measures.items()}
    rows: list[dict[str, object]] = [{"model": "this table", "n": len(table), **ours}]
    for line in TABLE_3:
        plain, with_line = line.uncorrected, line.corrected
        values = (plain.mae, plain.r2, plain.wmae, with_line.mae, with_line.r2, with_line.wmae)
        name = "P1, proposed model" if line is PROPOSED else f"P1, {line.name}"
        rows.append({"model": name, "n": 1069, **dict(zip(ours, values, strict=True))})
    return pd.DataFrame(rows)


def slopes_table(table: pd.DataFrame, correction: Correction) -> pd.DataFrame:
    """Give the slope of the gap on age, of all, each sex and each scanner.

    A gap that runs with age makes a cause of every condition that comes with age.
    """
    groups = [("all", table)]
    for column in ("sex", "scanner"):
        groups += [(f"{column} {name}", part) for name, part in table.groupby(column)]
    rows = []
    for name, part in groups:
        row: dict[str, object] = {"group": name, "n": len(part)}
        gaps = gaps_of(part, correction)
        try:
            found = gap_slope(part, gaps)
        except np.linalg.LinAlgError:
            rows.append(row)
            continue
        row |= {"mean gap": float(gaps.years.mean()), "slope": found.value}
        rows.append(row | {"low": found.low, "high": found.high, "p": found.p})
    return pd.DataFrame(rows)


def repeat_pairs(table: pd.DataFrame, correction: Correction) -> list[RepeatPair]:
    """Return everybody's consecutive scans of the table as pairs; three scans are two pairs."""
    known = table.assign(gap=gaps_of(table, correction).years).sort_values("scan_date")
    pairs = []
    for _, scans in known.groupby("patient"):
        for (_, first), (_, second) in pairwise(scans.iterrows()):
            years = (second["scan_date"] - first["scan_date"]).days / _DAYS_A_YEAR
            pairs.append(RepeatPair(first["sex"], (first["gap"], second["gap"]), years))
    return pairs


def repeats_table(pairs: Sequence[RepeatPair], data: Data) -> pd.DataFrame:
    """Give what two scans of one person agree to, beside Table 4."""
    rows = repeatability(pairs, data, np.random.default_rng(_SEED))
    lines = []
    for row in rows:
        group, _, name = row.name.partition(": ")
        line: dict[str, object] = {"group": group, "number": name, "pairs": row.n}
        lines.append(line | {"value": row.value, "P1": _printed_repeats(group, name)})
    return pd.DataFrame(lines)


def age_cases(table: pd.DataFrame) -> list[AgeCase]:
    """Return the series as the measurements of ages take them."""
    columns = ["series", "age_years", "sex", "scanner", "predicted_age_years"]
    return [AgeCase(*row) for row in table[columns].itertuples(index=False, name=None)]


def _printed_repeats(group: str, name: str) -> float:
    line = TABLE_4.get(group)
    if line is None:
        return float("nan")
    values = {
        "years between scans, mean": line.years_between,
        "ICC(1,1) of the gap": line.icc,
        "ICC(1,1) of the gap, 95 % low": line.low,
        "ICC(1,1) of the gap, 95 % high": line.high,
    }
    return values.get(name, float("nan"))
