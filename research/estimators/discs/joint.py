"""Whether discs could come from the population of P2's Tables 2 and 3."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from research.estimators.discs.predictions import Predictions
from research.estimators.discs.resampling import Floats

# Rarer cells are taken together, as Pearson's test needs.
_LEAST_EXPECTED = 5.0


@dataclass(frozen=True, slots=True)
class Fit:
    """Counts of discs by baseline and follow-up grade against given shares.

    Attributes
    ----------
    largest_difference_points : of any share, in percent
    statistic : Pearson's, divided by the design effect; of `degrees` of freedom
    design_effect : how much less discs of one patient tell than as many of strangers
    """

    largest_difference_points: float
    statistic: float
    degrees: int
    design_effect: float
    p: float


def fit_of_joint(predictions: Predictions, joint: Floats) -> Fit:
    """Test the discs' grades against a joint distribution, corrected for patients.

    Parameters
    ----------
    joint : shape (baseline grades, follow-up grades), sum 1

    Source
    ------
    Rao and Scott 1981, doi 10.1080/01621459.1981.10477633, first-order correction.
    """
    first, size = predictions.grades[0], joint.shape[0]
    place = (predictions.baseline - first) * size + predictions.followup - first
    seen = np.bincount(place, minlength=joint.size) / len(place)
    expected = joint.ravel()
    cell = _cells(expected * len(place))
    shares, wanted = (np.bincount(cell, part).astype(np.float64) for part in (seen, expected))
    used = wanted > 0
    effect = _design_effect(predictions.patient, cell[place], wanted)
    pearson = len(place) * (((shares - wanted)[used] ** 2) / wanted[used]).sum()
    degrees = int(used.sum()) - 1
    return Fit(
        float(100 * np.abs(seen - expected).max()),
        float(pearson / effect),
        degrees,
        effect,
        float(chi2.sf(pearson / effect, degrees)),
    )


def _cells(expected: Floats) -> NDArray[np.int64]:
    """Number the cells; all rare ones are the last."""
    rare = expected < _LEAST_EXPECTED
    number = np.cumsum(~rare) - 1
    return np.where(rare, int((~rare).sum()), number)


def _design_effect(patient: NDArray[np.str_], cell: NDArray[np.int64], shares: Floats) -> float:
    """Return the mean of the cells' design effects, weighted as Rao and Scott have it."""
    _, member = np.unique(patient, return_inverse=True)
    used = shares > 0
    table = np.zeros((member.max() + 1, len(shares)))
    np.add.at(table, (member, cell), 1.0)
    # Variance of a total is that of its patients' residuals.
    residuals = table - table.sum(axis=1, keepdims=True) * shares
    variance = (residuals**2).sum(axis=0)[used]
    alone = len(cell) * shares[used] * (1 - shares[used])
    return float(((1 - shares[used]) * variance / alone).sum() / (used.sum() - 1))
