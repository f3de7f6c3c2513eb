"""How far biological age lies from the chronological one, and what a network says of it."""

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from research.worlds.reports.findings import PRESENT, SEVERITIES
from research.worlds.reports.laws import Effect, effects
from research.worlds.reports.placing import LEVELS
from research.worlds.reports.settings import ERROR_SD_YEARS, GAP_SD_YEARS, WorldSettings

Floats = NDArray[np.float64]

WORK_PER_YEAR = -0.06
"""What demanding work adds to the gap changes by this with each year of age (P1, Figure 7: more
for the young, less than nothing for the old; the slope is an assumption)."""

WORK_AGE_YEARS = 51.0
"""Where demanding work adds what Table 5 says: about the mean age of its series."""

SLOPE, CENTER_YEARS = 0.92, 52.0
"""A network's answers lean towards the mean age; an assumption near P1's uncorrected R2."""

_BEND_SCALE_YEARS = 20.0


def planted_effects(table: pd.DataFrame, settings: WorldSettings) -> Floats:
    """Sum what findings and lifestyle add to the gap, years, shape (series,)."""
    total = np.zeros(len(table))
    for effect, present in _indicators(table):
        total += effect.effect_years * present
    demanding = np.maximum(table["moderate_work"].to_numpy(), table["heavy_work"].to_numpy())
    total += WORK_PER_YEAR * (table["age_years"].to_numpy() - WORK_AGE_YEARS) * demanding
    return settings.effects * total


def draw_gaps(
    table: pd.DataFrame,
    person: NDArray[np.int64],
    settings: WorldSettings,
    rng: np.random.Generator,
) -> Floats:
    """Draw the biological gap of each series: effects and what is the person's own, SD 4.1."""
    planted = planted_effects(table, settings)
    people = int(person.max()) + 1
    freedom = settings.degrees_of_freedom
    if freedom:
        own = rng.standard_t(freedom, size=people) * np.sqrt((freedom - 2.0) / freedom)
    else:
        own = rng.standard_normal(people)
    rest = np.sqrt(max(GAP_SD_YEARS**2 - float(np.var(planted)), 0.0))
    return np.asarray(planted + rest * own[person])


def predict(
    table: pd.DataFrame, gaps: Floats, settings: WorldSettings, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Return what a network would answer, not bias-corrected, and its own error; years."""
    ages = table["age_years"].to_numpy()
    error = ERROR_SD_YEARS * rng.standard_normal(len(table))
    names, place = np.unique(table["scanner"].to_numpy(dtype=str), return_inverse=True)
    shift = settings.scanner_sd_years * rng.standard_normal(len(names))[place]
    bend = settings.bend_years * ((ages - CENTER_YEARS) / _BEND_SCALE_YEARS) ** 2
    said = CENTER_YEARS + SLOPE * (ages + gaps + error - CENTER_YEARS) + shift + bend
    return said, error


def _indicators(table: pd.DataFrame) -> Iterator[tuple[Effect, Floats]]:
    """Yield each effect's variable; of a condition's severities only the most severe met."""
    met: dict[tuple[str, str], NDArray[np.bool_]] = {}
    for effect in sorted(effects(), key=_code, reverse=True):
        if not effect.region:
            yield effect, table[effect.name].to_numpy(dtype=np.float64)
            continue
        names = [f"{level}_{effect.name}" for level in LEVELS[effect.region]]
        levels = (table[names].to_numpy() == _code(effect)).sum(axis=1)
        group = (effect.region, effect.name)
        before = met.get(group, np.zeros(len(table), dtype=np.bool_))
        yield effect, ((levels > effect.exceeds) & ~before).astype(np.float64)
        met[group] = before | (levels > effect.exceeds)


def _code(effect: Effect) -> int:
    return 1 if effect.severity in {"", PRESENT} else SEVERITIES.index(effect.severity) + 1
