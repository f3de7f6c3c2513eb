"""How well chances of progression tell discs apart: AUC and Brier score in every draw."""

import numpy as np
from numpy.typing import NDArray

from research.estimators.discs.counts import Flags
from research.estimators.discs.resampling import Floats, Resamples, ratio


def area_under_curve(
    truth: Flags, chance: Floats, fold: NDArray[np.int64], resamples: Resamples
) -> Floats:
    """Return the chance that a true disc is above a false one of its own fold, ties half.

    Pairs across folds are left out: their chances come from two networks, or from rules fitted
    to two sets of discs, and even a rule that knows nothing would lose such pairs.

    Returns
    -------
    float64, shape (1 + draws,); NaN where there is no pair
    """
    won, pairs = np.zeros((2, resamples.times.shape[1]))
    for number in np.unique(fold):
        inside = fold == number
        in_fold = _pairs(chance[inside], truth[inside], resamples.of(inside))
        won, pairs = won + in_fold[0], pairs + in_fold[1]
    return ratio(won, pairs)


def brier_score(truth: Flags, chance: Floats, resamples: Resamples) -> Floats:
    """Return the mean squared distance of chance and outcome."""
    columns = np.column_stack([(chance - truth) ** 2, np.ones(len(truth))])
    squares, discs = resamples.sums(columns).T
    return ratio(squares, discs)


def _pairs(chance: Floats, truth: Flags, resamples: Resamples) -> tuple[Floats, Floats]:
    """Count pairs won, ties half, and all pairs, in every draw.

    A pair of two patients occurs as often as the product of how often each was drawn, so pairs
    are counted once, patient by patient.
    """
    patients, place = np.unique(resamples.member, return_inverse=True)
    won = (1 + np.sign(np.subtract.outer(chance[truth], chance[~truth]))) / 2
    # axes: patient of the true disc, of the false one
    table = np.zeros((len(patients), len(patients)))
    np.add.at(table, (place[truth][:, None], place[~truth]), won)
    times = resamples.times[patients]
    count = [np.bincount(place[members], minlength=len(patients)) for members in (truth, ~truth)]
    pairs = (count[0] @ times) * (count[1] @ times)
    return np.einsum("pd,pd->d", times, table @ times), pairs
