"""Probabilities from logits, and the temperature that makes them honest (Guo 2017)."""

import numpy as np
import scipy
from numpy.typing import NDArray

Floats = NDArray[np.floating]

_BOUNDS = (0.2, 5.0)


def probabilities(logits: Floats, temperature: float = 1.0) -> NDArray[np.float64]:
    """Return class probabilities, shape (discs, grades)."""
    scaled = np.asarray(logits, np.float64) / temperature
    return np.asarray(scipy.special.softmax(scaled, axis=1))


def fit_temperature(logits: Floats, targets: NDArray[np.int64]) -> float:
    """Return the divisor of the logits that minimizes the cross-entropy of held-out discs.

    It changes no argmax.
    """

    def loss(log_temperature: float) -> float:
        chances = scipy.special.log_softmax(logits / np.exp(log_temperature), axis=1)
        return float(-chances[np.arange(len(targets)), targets].mean())

    logits = np.asarray(logits, np.float64)
    low, high = np.log(_BOUNDS)
    found = scipy.optimize.minimize_scalar(loss, bounds=(low, high), method="bounded")
    return float(np.exp(found.x))
