"""A cohort flagged and divided: which series are normal, and which part each is in."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from research.estimators.clustering import Clusters
from research.estimators.features import aggregate
from research.estimators.normal_cohort import NormalCohort, brackets_of, find_normal
from research.estimators.splits import split
from research.validation.spine_age.stages import Stages, code

Flagger = Callable[[pd.DataFrame, int], pd.DataFrame]
"""From typed reports and a seed to the flags of `NormalCohort`."""

_CODE = ("canberra.py", "clustering.py", "features.py", "normal_cohort.py", "pairs.csv", "pairs.py")


def clustering(stages: Stages, processes: int) -> Flagger:
    """Return what flags series by clusters of their reports, each table and seed once."""
    rooms = code(*(f"estimators/{name}" for name in _CODE))

    def flag(table: pd.DataFrame, seed: int) -> pd.DataFrame:
        who = table[["series", "patient", "sex", "age_years"]]
        return stages.table(
            f"normal-{seed}",
            [aggregate(table), who, seed, rooms],
            lambda: find_normal(table, seed, processes=processes, progress=stages.echo).flags,
        )

    return flag


def planted_flags(table: pd.DataFrame, normal: pd.Series) -> pd.DataFrame:
    """Return the flags that a virtual world planted, as if one cluster held all normal series."""
    who = table[["series", "patient", "sex"]]
    return who.assign(
        bracket=brackets_of(table),
        cluster=np.where(normal, 0, -1),
        x=np.nan,
        y=np.nan,
        normal=normal.to_numpy(dtype=bool),
    )


def divide(table: pd.DataFrame, flags: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return the series that are flagged, with what the flags say, part and full_test."""
    parts = split(flags, seed)[["part", "full_test"]]
    extra = flags[["bracket", "cluster", "x", "y", "normal"]].join(parts)
    return table.join(extra, how="inner")


def take_parts(table: pd.DataFrame, flags: pd.DataFrame, splits: pd.DataFrame) -> pd.DataFrame:
    """Return the series that saved splits name, normal and divided as they were then.

    Who trained a network on a split must be measured on the same one, and clusters made again
    may differ.

    Parameters
    ----------
    splits : `research.estimators.splits.read_splits`
    """
    saved = splits.set_index("series")[["normal", "part", "full_test"]]
    placed = table.join(flags[["bracket", "cluster", "x", "y"]], how="inner")
    return placed.join(saved, on="series", how="inner")


def as_cohort(table: pd.DataFrame) -> NormalCohort:
    """Return a divided table's clusters, for what compares and names them."""
    clusters = {
        int(bracket): Clusters(
            int(bracket), part[["x", "y"]].to_numpy(), part["cluster"].to_numpy(dtype=np.int64)
        )
        for bracket, part in table.groupby("bracket")
    }
    return NormalCohort(table, clusters, {})
