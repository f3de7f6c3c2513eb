"""What can be known of a disc's course at baseline: the exact posterior given what is visible.

A disc's follow-up grade is the quantile of a normal draw, its course, in the distribution of
its stratum and baseline grade. A share of the course's variance is the visible sign, which the
image shows; the rest nobody sees.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from research.estimators.discs.published import SUBJECTS_BY_AGE
from research.worlds.progression import settings
from research.worlds.progression.joints import joint_by_stratum
from spine.anatomy.grades import Scale

Floats = NDArray[np.float64]

_SIGNS = 400


def cuts(scale: Scale) -> Floats:
    """Return the course above which a disc reaches each higher grade.

    Returns
    -------
    float64, shape (age groups, levels, baseline grades, grades - 1), rising along the last axis
    """
    table = joint_by_stratum(scale)
    known = table.sum(axis=-1, keepdims=True)
    shares = np.divide(table, known, out=np.full_like(table, 1 / table.shape[-1]), where=known > 0)
    return np.asarray(ndtri(np.clip(np.cumsum(shares, axis=-1)[..., :-1], 0, 1)))


def posterior(edges: Floats, sign: Floats, visible: float) -> Floats:
    """Return the probability of every follow-up grade given the visible sign.

    Parameters
    ----------
    edges : of the disc's stratum and baseline grade, shape (..., grades - 1)
    sign : standard normal, shape (...)
    visible : share of the course's variance that the sign carries

    Returns
    -------
    float64, shape (..., grades), sum 1
    """
    below = ndtr((edges - np.sqrt(visible) * sign[..., None]) / np.sqrt(1 - visible))
    return np.diff(below, axis=-1, prepend=0.0, append=1.0)


def oracle_accuracy(scale: Scale, visible: float) -> float:
    """Return how often the likeliest grade tells progression rightly (P2's rule), 0 to 1."""
    table = joint_by_stratum(scale)
    grades = table.shape[-1]
    sign = ndtri((np.arange(_SIGNS) + 0.5) / _SIGNS)
    chances = posterior(cuts(scale)[..., None, :], sign, visible)
    # axes: age group, level, baseline, sign, follow-up
    above = np.arange(grades)[None, None, :, None, None] < np.arange(grades)
    progress = (chances * above).sum(axis=-1)
    named = chances.argmax(axis=-1) > np.arange(grades)[:, None]
    right = np.where(named, progress, 1 - progress).mean(axis=-1)
    ages = np.array(SUBJECTS_BY_AGE) / sum(SUBJECTS_BY_AGE)
    return float(np.einsum("a,alb,alb->", ages, table.sum(axis=-1), right) / len(settings.LEVELS))
