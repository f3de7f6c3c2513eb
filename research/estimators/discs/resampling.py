"""The patient bootstrap: all discs of a patient are drawn together, many draws at once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

RESAMPLES = 2_000
_PERCENTILES = (2.5, 97.5)
# A figure that cannot be had in more draws than these, such as an AUC without cases, has no
# interval.
_MOST_UNDEFINED = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Resamples:
    """How often each patient was drawn.

    Attributes
    ----------
    member : number of the patient of each disc, shape (discs,)
    times : shape (patients, 1 + draws); column 0 is the sample itself, everybody once
    """

    member: NDArray[np.intp]
    times: Floats

    def of(self, discs: NDArray[np.bool_]) -> "Resamples":
        """Return the same draws for some of the discs."""
        return Resamples(self.member[discs], self.times)

    def sums(self, values: NDArray[np.generic]) -> Floats:
        """Return the sum over the discs of each draw.

        Parameters
        ----------
        values : shape (discs,) or (discs, columns)

        Returns
        -------
        float64, shape (1 + draws,) or (1 + draws, columns)
        """
        of_patient = np.zeros((len(self.times), *values.shape[1:]))
        np.add.at(of_patient, self.member, values.astype(np.float64))
        return np.asarray(self.times.T @ of_patient)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % percentile interval; NaN where it cannot be had."""

    value: float
    low: float
    high: float


def resample_patients(
    patient: NDArray[np.generic], rng: np.random.Generator, draws: int = RESAMPLES
) -> Resamples:
    """Draw as many patients as there are, with replacement, many times.

    Parameters
    ----------
    patient : of each disc, shape (discs,)
    """
    names, member = np.unique(patient, return_inverse=True)
    count = len(names)
    times = rng.multinomial(count, np.full(count, 1 / count), size=draws).T
    return Resamples(member, np.hstack([np.ones((count, 1)), times]))


def estimate(figures: Floats) -> Estimate:
    """Return a figure and its interval from one value a draw, the sample itself first."""
    value, drawn = float(figures[0]), figures[1:]
    defined = drawn[np.isfinite(drawn)]
    if not np.isfinite(value) or len(defined) < max(1, (1 - _MOST_UNDEFINED) * len(drawn)):
        return Estimate(value, float("nan"), float("nan"))
    low, high = np.percentile(defined, _PERCENTILES)
    return Estimate(value, float(low), float(high))


def ratio(numerator: NDArray[np.generic], denominator: NDArray[np.generic]) -> Floats:
    """Divide; NaN where there is nothing to divide by."""
    top, bottom = np.broadcast_arrays(numerator, denominator)
    out = np.full(top.shape, np.nan)
    return np.asarray(np.divide(top, bottom, out=out, where=bottom != 0))
