"""How people live: Table 5's numbers, with spreads that fit its confidence intervals."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

_SMOKERS = 2302 / 8528
_PACKS_MEAN = 0.45
_DRINKERS = 6136 / 8528
_DRINKING_DAYS = (0.28, 0.22, 0.17, 0.11, 0.10, 0.05, 0.07)
_SEATED = 8332 / 8528
_SEATED_SHAPE, _SEATED_SCALE_HOURS = 5.0, 1.3
_WORK = {"moderate_work": 1001 / 8528, "heavy_work": 488 / 8528}
_EXERCISE = {"moderate_exercise": 2146 / 8528, "vigorous_exercise": 4285 / 8528}


def draw_lifestyle(person: NDArray[np.int64], rng: np.random.Generator) -> pd.DataFrame:
    """Draw the seven variables of each series, the same at both scans of a person."""
    n = int(person.max()) + 1
    packs = np.minimum(rng.exponential(_PACKS_MEAN, n), 3.0) * (rng.uniform(size=n) < _SMOKERS)
    days = rng.choice(np.arange(1, 8), size=n, p=_DRINKING_DAYS) * (rng.uniform(size=n) < _DRINKERS)
    hours = np.minimum(rng.gamma(_SEATED_SHAPE, _SEATED_SCALE_HOURS, n), 16.0)
    table = {
        "packs_per_day": np.round(packs, 2),
        "alcohol_days_per_week": days.astype(np.float64),
        "sedentary_hours_per_day": np.round(hours * (rng.uniform(size=n) < _SEATED), 1),
        **_one_of(_WORK, n, rng),
        **_one_of(_EXERCISE, n, rng),
    }
    return pd.DataFrame(table).iloc[person].reset_index(drop=True)


def _one_of(
    shares: dict[str, float], n: int, rng: np.random.Generator
) -> dict[str, NDArray[np.float64]]:
    """Draw at most one of the answers for each person."""
    edges = np.cumsum(list(shares.values()))
    drawn = np.searchsorted(edges, rng.uniform(size=n), side="right")
    return {name: (drawn == number).astype(np.float64) for number, name in enumerate(shares)}
