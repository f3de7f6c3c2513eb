"""Logistic regression for the rules that need no image, by scikit-learn."""

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

Floats = NDArray[np.float64]

_ITERATIONS = 2_000


def binary_chances(known: Floats, truth: NDArray[np.bool_], asked: Floats) -> Floats:
    """Return the chance of the truth for the asked rows, fitted to the known ones."""
    return class_chances(known, truth.astype(np.int64), asked, 2)[:, 1]


def class_chances(
    known: Floats, classes: NDArray[np.int64], asked: Floats, size: int, *, balanced: bool = False
) -> Floats:
    """Return the chance of every class from 0 to `size` - 1, shape (asked rows, size).

    Parameters
    ----------
    balanced : weigh the classes as if all were equally frequent
    """
    found = np.zeros((len(asked), size))
    present = np.unique(classes)
    if len(present) == 1:
        found[:, present] = 1.0
        return found
    weight = "balanced" if balanced else None
    fit = LogisticRegression(max_iter=_ITERATIONS, class_weight=weight).fit(known, classes)
    found[:, present] = fit.predict_proba(asked)
    return found
