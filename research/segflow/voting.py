"""Votes: what most settings and neighboring slices agree on becomes supervision."""

import numpy as np
from numpy.typing import NDArray

VERTEBRA, BACKGROUND, IGNORED = 1, 0, -1
# Shares of the votes. P2's source gives a voting mechanism without numbers: assumption.
VERTEBRA_SHARE, BACKGROUND_SHARE = 0.8, 0.1
# A slice's own vote counts as much as those of its two neighbors together. Assumption.
NEIGHBOR_WEIGHT = 0.25


def vote(masks: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the share of settings that call a voxel vertebra, shared with neighboring slices.

    Parameters
    ----------
    masks : (settings, i, j, k); at the first and the last slice the missing neighbor is that
        slice itself
    """
    shares = masks.mean(0, dtype=np.float32)
    padded = np.pad(shares, ((1, 1), (0, 0), (0, 0)), mode="edge")
    own = np.float32(1 - 2 * NEIGHBOR_WEIGHT)
    shared: NDArray[np.float32] = own * shares + np.float32(NEIGHBOR_WEIGHT) * (
        padded[:-2] + padded[2:]
    )
    return shared


def supervision(
    shares: NDArray[np.float32], undecided: NDArray[np.bool_] | None = None
) -> NDArray[np.int8]:
    """Turn shares into labels: vertebra, background, or left out of the loss.

    Parameters
    ----------
    shares : of the votes, any shape
    undecided : where silence of the rules says nothing; same shape
    """
    labels = np.full(shares.shape, IGNORED, dtype=np.int8)
    labels[shares >= VERTEBRA_SHARE] = VERTEBRA
    silent = shares <= BACKGROUND_SHARE
    if undecided is not None:
        silent &= ~undecided
    labels[silent] = BACKGROUND
    return labels
