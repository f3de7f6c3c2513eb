"""At which levels findings stand: the lower lumbar and the middle of the neck first."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

# Weights of the draw, by assumption. Supernumerary levels weigh where a person has them.
LEVELS = {
    "C": {"C2": 0.1, "C3": 0.5, "C4": 1.0, "C5": 3.0, "C6": 3.0, "C7": 0.3},
    "T": {f"T{n}": (0.5 if n < 5 or n > 11 else 1.5) for n in range(1, 14)},
    "L": {"L1": 0.2, "L2": 0.4, "L3": 1.0, "L4": 3.0, "L5": 3.0, "L6": 3.0, "L7": 0.5},
}
SUPERNUMERARY_SHARES = {"T13": 0.01, "L6": 0.03, "L7": 0.0005}
"""Of people who have the vertebra; an assumption."""


def rank_levels(region: str, people: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw the order in which a region's levels wear, shape (people, levels), 0 first.

    Levels that a person does not have come last.
    """
    levels = LEVELS[region]
    # Gumbel noise on log weights draws without replacement by weight.
    keys = np.log(list(levels.values())) + rng.gumbel(size=(people, len(levels)))
    for number, level in enumerate(levels):
        share = SUPERNUMERARY_SHARES.get(level)
        if share is not None:
            keys[rng.uniform(size=people) >= share, number] = -np.inf
    return np.argsort(np.argsort(-keys, axis=1), axis=1)


def place(counts: Sequence[NDArray[np.int64] | None], ranks: NDArray[np.int64]) -> NDArray[np.int8]:
    """Put a condition's severities at levels, the most severe at the one that wears first.

    Parameters
    ----------
    counts : levels affected, by severity from the mildest; shape (series,) each
    ranks : shape (series, levels)

    Returns
    -------
    severities, 0 absent, shape (series, levels)
    """
    codes = np.zeros(ranks.shape, dtype=np.int8)
    taken = np.zeros(len(ranks), dtype=np.int64)
    for severity in range(len(counts), 0, -1):
        levels = counts[severity - 1]
        if levels is None:
            continue
        here = (ranks >= taken[:, np.newaxis]) & (ranks < (taken + levels)[:, np.newaxis])
        codes[here] = severity
        taken += levels
    return codes
