"""Decision curves: whether acting on a chance does more good than acting on all or none."""

import numpy as np

from research.estimators.discs.counts import Flags
from research.estimators.discs.resampling import Floats, Resamples, ratio

THRESHOLDS = np.round(np.arange(0.05, 0.96, 0.05), 2)


def net_benefit(
    truth: Flags, chance: Floats, resamples: Resamples, thresholds: Floats = THRESHOLDS
) -> Floats:
    """Return the net benefit of acting from each threshold on, in true positives a disc.

    Returns
    -------
    float64, shape (thresholds, 1 + draws)

    Source
    ------
    Vickers and Elkin 2006, doi 10.1177/0272989X06295361.
    """
    called = chance[:, None] >= thresholds
    odds = thresholds / (1 - thresholds)
    gain = np.where(truth[:, None], called, -odds * called)
    return ratio(resamples.sums(gain).T, resamples.sums(np.ones(len(truth))))
