"""What of the findings reaches the report: readers miss mild ones, some worlds' more."""

import numpy as np
import pandas as pd

from research.worlds.reports.findings import CONDITIONS
from research.worlds.reports.placing import LEVELS
from research.worlds.reports.settings import WorldSettings

_FIRST_YEAR, _LAST_YEAR = 2011, 2024
_MILD = 1
_GRADED = tuple(c for c in CONDITIONS if c not in {"endplate_change", "annular_fissure"})


def report(table: pd.DataFrame, settings: WorldSettings, rng: np.random.Generator) -> pd.DataFrame:
    """Leave out the mild findings that the readers of a world miss."""
    years = table["scan_date"].dt.year.to_numpy()
    early = (_LAST_YEAR - years) / (_LAST_YEAR - _FIRST_YEAR)
    missed = settings.missed_share + early * (settings.missed_share_in_2011 - settings.missed_share)
    if not missed.any():
        return table
    columns = [f"{level}_{c}" for levels in LEVELS.values() for level in levels for c in _GRADED]
    codes = table[columns].to_numpy()
    lost = (codes == _MILD) & (rng.uniform(size=codes.shape) < missed[:, np.newaxis])
    left = pd.DataFrame(np.where(lost, 0, codes).astype(np.int8), columns=columns)
    return pd.concat([table.drop(columns=columns), left], axis=1)
