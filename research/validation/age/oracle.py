"""The best guess of age from what is rendered: an error that no network can stay below.

The posterior mean of chronological age, given the exact state of every structure within the
dilated mask and the world's own laws. It is computed on a grid of biological ages, which
everything rendered depends on; the gap to the chronological age is drawn by the world.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from phantom import laws
from phantom.osteophytes import OSTEOPHYTE
from phantom.subjects import Subject
from research.worlds.age import BRACKET_YEARS, FIRST_YEARS, NORMAL_SERIES
from spine.anatomy.levels import DiscLevel, Level

Grid = NDArray[np.float64]

_STEP_YEARS = 0.25
_BIOLOGICAL: Grid = np.arange(0.0, 115.0, _STEP_YEARS)
# The highest of the levels that every person has: one draw moves the marrow of all.
_MARROW_LEVEL = Level.L3


def oracle_age(person: Subject) -> float:
    """Return the posterior mean of a subject's age, years."""
    log_likelihood = (
        _discs(person) + _osteophytes(person) + _marrow(person) + _rare_findings(person)
    )
    likelihood = np.exp(log_likelihood - log_likelihood.max())
    ages, prior, from_biological = _prior(person.sex, person.person.spread.gap_years)
    weights = prior * (from_biological @ likelihood)
    return float((weights * ages).sum() / weights.sum())


@cache
def _prior(sex: str, gap_sd_years: float) -> tuple[Grid, Grid, Grid]:
    """Return ages, how likely each is before the image, and p(biological | age), a row an age."""
    counts: Grid = np.array(NORMAL_SERIES, dtype=np.float64)[:, 0 if sex == "M" else 1]
    per_bracket = round(BRACKET_YEARS / _STEP_YEARS)
    prior = np.repeat(counts, per_bracket) / counts.sum() / per_bracket
    ages = FIRST_YEARS + _STEP_YEARS * (np.arange(prior.size, dtype=np.float64) + 0.5)
    from_biological: Grid = np.asarray(
        norm.pdf(_BIOLOGICAL[None], ages[:, None], gap_sd_years), dtype=np.float64
    )
    return ages, prior, from_biological


def _discs(person: Subject) -> Grid:
    """Latent wear of all discs: normal, with an effect that the person's discs share."""
    spread = person.person.spread
    levels = tuple(disc.level for disc in person.discs)
    latents = np.array([disc.latent for disc in person.discs])
    residual = latents[:, None] - _expected_latents(person, levels)
    disc, shared = spread.disc**2, spread.person**2
    # Inverse of disc * I + shared * 1 1' by Sherman and Morrison.
    correction = shared / disc**2 / (1 + len(levels) * shared / disc)
    square: Grid = (residual**2).sum(axis=0) / disc - correction * residual.sum(axis=0) ** 2
    return -square / 2


def _expected_latents(person: Subject, levels: tuple[DiscLevel, ...]) -> Grid:
    """Shape (discs, biological ages)."""
    variant = person.variant
    effects = np.array([laws.level_effect(level, variant) for level in levels])
    drift = np.array([laws.latent(0.0, age, 0.0) for age in _BIOLOGICAL])
    drift += [laws.sex_effect(person.sex, age) for age in _BIOLOGICAL]
    expected: Grid = effects[:, None] + drift
    return expected


def _osteophytes(person: Subject) -> Grid:
    """Sizes given each disc's latent wear; the largest and absent ones tell only a bound."""
    size = np.array([disc.osteophyte_mm for disc in person.discs])[:, None]
    latents = np.array([disc.latent for disc in person.discs])[:, None]
    expected = OSTEOPHYTE.expected_mm(_BIOLOGICAL[None], latents)
    standard = (size - expected) / OSTEOPHYTE.sd_mm
    bounded = np.where(
        size <= 0,
        norm.logcdf(standard),
        np.where(size >= OSTEOPHYTE.largest_mm, norm.logsf(standard), norm.logpdf(standard)),
    )
    total: Grid = bounded.sum(axis=0)
    return total


def _marrow(person: Subject) -> Grid:
    state = next(state for state in person.vertebrae if state.level is _MARROW_LEVEL)
    expected = [laws.marrow_fat_fraction(age, person.sex, state.level, 0.0) for age in _BIOLOGICAL]
    density: Grid = norm.logpdf(state.marrow_fat, expected, person.person.spread.marrow_fat)
    return density


def _rare_findings(person: Subject) -> Grid:
    """Fracture and scoliosis, there or not."""
    fracture = np.array([laws.fracture_chance(age) for age in _BIOLOGICAL])
    scoliosis = np.array([laws.scoliosis_chance(age) for age in _BIOLOGICAL])
    is_fractured = any(state.wedge_fracture for state in person.vertebrae)
    chance: Grid = np.log(fracture if is_fractured else 1 - fracture)
    chance += np.log(scoliosis if person.scoliosis_cobb else 1 - scoliosis)
    return chance
