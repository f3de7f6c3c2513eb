"""What may be done about rare follow-up grades (P2, Discussion), inside the training part."""

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]

_NEIGHBORS = 5
_LARGEST_WEIGHT = 10.0


class Balance(StrEnum):
    """How training treats rare grades."""

    PLAIN = "plain"
    WEIGHTED = "weighted"
    OVER = "over"
    UNDER = "under"
    SMOTE = "smote"


def class_weights(targets: Integers, classes: int) -> NDArray[np.float32]:
    """Return a loss weight per grade: inverse to its frequency, 10 at most, mean 1 over discs.

    A grade that does not occur gets 0.
    """
    counts = np.bincount(targets, minlength=classes).astype(float)
    most = counts.max()
    inverse = np.divide(most, counts, out=np.zeros(classes), where=counts > 0)
    weights = np.minimum(inverse, _LARGEST_WEIGHT)
    return np.asarray(weights / (weights @ counts / counts.sum()), np.float32)


def epoch_order(balance: Balance, targets: Integers, rng: np.random.Generator) -> Integers:
    """Return the positions that one epoch sees, in random order.

    Over-sampling draws every grade as often as the commonest, with repetition; under-sampling
    as often as the mean of the grades' square roots would have it, without, since the rarest
    grades of P2 have a dozen discs and would leave nothing to learn from.
    """
    if balance not in {Balance.OVER, Balance.UNDER}:
        return np.asarray(rng.permutation(len(targets)))
    members = [np.flatnonzero(targets == value) for value in np.unique(targets)]
    sizes = np.array([len(own) for own in members])
    if balance is Balance.OVER:
        drawn = [rng.choice(own, sizes.max()) for own in members]
    else:
        most = round(float(np.sqrt(sizes).mean() ** 2))
        drawn = [rng.permutation(own)[:most] for own in members]
    return np.asarray(rng.permutation(np.concatenate(drawn)))


def synthesize(
    features: NDArray[np.float32], targets: Integers, seed: int
) -> tuple[NDArray[np.float32], Integers]:
    """Add features between neighbors of rare grades until all are as frequent (SMOTE).

    Parameters
    ----------
    features : of the penultimate layer, training part alone, shape (discs, features)
    """
    from imblearn.over_sampling import SMOTE  # noqa: PLC0415 (absent where only networks train)

    counts = np.bincount(targets)
    # A grade of one or two discs has no neighbors to go towards.
    enough = [value for value, count in enumerate(counts) if count > _NEIGHBORS]
    wanted = {value: int(counts.max()) for value in enough}
    smote = SMOTE(sampling_strategy=wanted, k_neighbors=_NEIGHBORS, random_state=seed)
    more, labels = smote.fit_resample(features, targets)
    return np.asarray(more, np.float32), np.asarray(labels, np.int64)
