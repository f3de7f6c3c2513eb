"""P1's 215 cells of a report (26 levels x 8 conditions + 7) as 67 features."""

import numpy as np
import pandas as pd

from research.estimators.pairs import SHIPPED, PairList, condition_pairs
from research.estimators.vocabulary import LEVELS, REGIONS, STRUCTURAL, finding_column
from spine.anatomy.levels import Region


def feature_names(which: PairList = SHIPPED) -> tuple[str, ...]:
    """Name the 60 pairs of three regions, then the seven pathologies."""
    conditions = (
        f"{REGIONS[region]} {pair.word} {pair.condition}".replace("_", " ")
        for region in REGIONS
        for pair in condition_pairs(which)
    )
    return (*conditions, *(name.replace("_", " ") for name in STRUCTURAL))


def aggregate(table: pd.DataFrame, which: PairList = SHIPPED) -> pd.DataFrame:
    """Count, by region, the levels at which each condition has each severity.

    Parameters
    ----------
    table : typed reports; levels without columns count as without findings

    Returns
    -------
    int16, a column a feature, indexed as `table`

    Source
    ------
    P1, section 2.3.
    """
    counts = [_counts(table, region, which) for region in REGIONS]
    flags = table[list(STRUCTURAL)].to_numpy(dtype=np.int16)
    values = np.concatenate([*counts, flags], axis=1)
    return pd.DataFrame(values, index=table.index, columns=list(feature_names(which)))


def _counts(table: pd.DataFrame, region: Region, which: PairList) -> np.ndarray:
    levels = [level for level in LEVELS if level.region is region]
    columns = []
    for pair in condition_pairs(which):
        names = [finding_column(level, pair.condition) for level in levels]
        present = table[[name for name in names if name in table.columns]].to_numpy()
        columns.append((present == int(pair.severity)).sum(axis=1, dtype=np.int16))
    return np.stack(columns, axis=1)
