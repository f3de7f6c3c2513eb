"""The joint distribution of baseline and follow-up grade in every stratum of age and level."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from research.estimators.discs.published import PUBLISHED, SUBJECTS_BY_AGE
from research.worlds.progression import settings
from spine.anatomy.grades import Scale

Table = NDArray[np.float64]

_ROUNDS = 400


@cache
def joint_by_stratum(scale: Scale) -> Table:
    """Return shares of (baseline, follow-up) within each age group and level.

    Iterative proportional fitting (Deming and Stephan 1940): the table nearest to the assumed
    rise of the baseline with age and level whose mixture is P2's joint exactly, and whose
    progression by age group is Table 1's, less 0.1 points at most by which Tables 1 and 3 differ.

    Returns
    -------
    float64, shape (age groups, levels, grades, grades)
        The last two axes sum to 1.
    """
    joint = PUBLISHED[scale].joint
    ages = np.array(SUBJECTS_BY_AGE) / sum(SUBJECTS_BY_AGE)
    levels = len(settings.LEVELS)
    strata = np.repeat(ages[:, None] / levels, levels, axis=1)
    up = np.triu(np.ones_like(joint), 1)
    progress = _consistent(np.array(PUBLISHED[scale].by_age) / 100, ages, (joint * up).sum())
    table = strata[:, :, None, None] * _tilt(len(joint)) * joint
    for _ in range(_ROUNDS):
        for part, wanted in ((up, ages * progress), (1 - up, ages * (1 - progress))):
            factor = _ratio(wanted, (table * part).sum(axis=(1, 2, 3)))
            table *= np.where(part, factor[:, None, None, None], 1)
        table *= _ratio(strata, table.sum(axis=(2, 3)))[:, :, None, None]
        table *= _ratio(joint, table.sum(axis=(0, 1)))
    return np.asarray(table / table.sum(axis=(2, 3), keepdims=True))


def population_joint(scale: Scale) -> Table:
    """Return shares of (baseline, follow-up) over all strata, as large as P2's."""
    ages = np.array(SUBJECTS_BY_AGE) / sum(SUBJECTS_BY_AGE)
    return np.asarray(np.einsum("a,albf->bf", ages, joint_by_stratum(scale)) / len(settings.LEVELS))


def _tilt(grades: int) -> Table:
    """Odds of a baseline grade by age group and level, shape (ages, levels, grades, 1)."""
    ages = settings.BASELINE_BY_AGE * np.arange(len(SUBJECTS_BY_AGE))
    levels = np.array([settings.BASELINE_BY_LEVEL[level] for level in settings.LEVELS])
    slope = ages[:, None] + levels[None]
    return np.asarray(np.exp(slope[:, :, None, None] * np.arange(grades)[None, None, :, None]))


def _consistent(progress: Table, ages: Table, total: float) -> Table:
    """Shift Table 1's shares together so that they average to the joint's."""
    return progress + (total - ages @ progress)


def _ratio(wanted: Table, found: Table) -> Table:
    """Divide, with 0 where nothing is wanted."""
    return np.divide(wanted, found, out=np.zeros_like(found), where=found > 0)
