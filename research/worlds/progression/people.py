"""Drawing the virtual cohort: who takes part, and what becomes of their discs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from research.estimators.discs.published import PEOPLE, SUBJECTS_BY_SEX
from research.worlds.progression import settings
from research.worlds.progression.joints import joint_by_stratum
from research.worlds.progression.oracle import cuts, posterior
from research.worlds.progression.settings import Correlation, Visibility
from spine.anatomy.grades import Scale

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_INSTITUTIONS = 3


@dataclass(frozen=True, slots=True, eq=False)
class Course:
    """One scale of every disc, shape (people, levels) each.

    Attributes
    ----------
    baseline, followup : consensus grades as printed in P2
    sign : what the baseline image shows of the course, standard normal
    oracle : probability of every follow-up grade given all that is visible,
        shape (people, levels, grades)
    """

    baseline: Integers
    followup: Integers
    sign: Floats
    oracle: Floats


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """Everybody in the cohort, shape (people,) each.

    Attributes
    ----------
    age_group : 0 to 2, see `SUBJECTS_BY_AGE`
    institution : 0 to 2
    """

    seed: int
    age_years: Floats
    age_group: Integers
    is_female: NDArray[np.bool_]
    bmi: Floats
    institution: Integers
    courses: dict[Scale, Course]

    def __len__(self) -> int:
        """Return the number of people."""
        return len(self.age_years)


def draw_people(count: int, seed: int, visibility: Visibility = Visibility.STATED) -> People:
    """Draw a cohort; the same arguments give the same one, in the same order.

    Ages, BMI and each person's part of a draw are stratified over the cohort (one person in
    each n-th of the distribution), so that a cohort of any size resembles the population.
    """
    rng = np.random.default_rng([seed, 20])
    ages = _stratified(count, rng)
    age_group = np.searchsorted((40.0, 50.0), np.interp(ages, *settings.AGE_QUANTILES))
    wear = _draws(count, settings.BASELINE_CORRELATION, rng)
    courses = {}
    for number, scale in enumerate(Scale):
        sign = _draws(count, settings.SIGN_CORRELATION, rng)[..., number]
        unseen = _draws(count, settings.COURSE_CORRELATION, rng)[..., number]
        share = settings.VISIBLE_SHARE[visibility][scale]
        courses[scale] = _course(scale, age_group, wear[..., number], (sign, unseen, share))
    return People(
        seed=seed,
        age_years=np.interp(ages, *settings.AGE_QUANTILES),
        age_group=age_group,
        is_female=_stratified(count, rng) < SUBJECTS_BY_SEX["F"] / PEOPLE,
        bmi=np.interp(_stratified(count, rng), *settings.BMI_QUANTILES),
        institution=rng.permutation(count) % _INSTITUTIONS,
        courses=courses,
    )


def _course(
    scale: Scale, age_group: Integers, wear: Floats, parts: tuple[Floats, Floats, float]
) -> Course:
    """Turn draws into grades; `parts` are the visible sign, the unseen part and its share."""
    sign, unseen, share = parts
    known = joint_by_stratum(scale).sum(axis=-1)[age_group]
    edges = ndtri(np.clip(np.cumsum(known, axis=-1)[..., :-1], 0, 1))
    baseline = (wear[..., None] > edges).sum(axis=-1)
    level = np.arange(len(settings.LEVELS))[None]
    course = np.sqrt(share) * sign + np.sqrt(1 - share) * unseen
    reached = cuts(scale)[age_group[:, None], level, baseline]
    lowest = int(min(scale.grades))
    return Course(
        baseline=baseline + lowest,
        followup=(course[..., None] > reached).sum(axis=-1) + lowest,
        sign=sign,
        oracle=posterior(reached, sign, share),
    )


def _draws(count: int, correlation: Correlation, rng: np.random.Generator) -> Floats:
    """Return standard normal draws, shape (people, levels, scales)."""
    levels, scales = len(settings.LEVELS), len(Scale)
    person = ndtri(_stratified(count, rng))[:, None, None]
    disc = rng.standard_normal((count, levels, 1))
    own = rng.standard_normal((count, levels, scales))
    rest = 1 - correlation.person - correlation.disc
    return np.asarray(
        np.sqrt(correlation.person) * person
        + np.sqrt(correlation.disc) * disc
        + np.sqrt(rest) * own
    )


def _stratified(count: int, rng: np.random.Generator) -> Floats:
    """Return one number from each n-th of 0 to 1, in random order."""
    return np.asarray((rng.permutation(count) + rng.random(count)) / count)
