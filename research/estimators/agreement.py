"""Agreement of repeated measurements: intraclass correlations and limits of agreement."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import bootstrap

Ratings = NDArray[np.floating]
"""Shape (subjects, scans)."""

# Of a difference between two measurements, 95 % lie within so many standard deviations.
_NORMAL_95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Correlations:
    """Intraclass correlations of single scans, by McGraw and Wong's names.

    Attributes
    ----------
    one_way : ICC(1,1): which scan came first means nothing
    agreement : ICC(A,1), Shrout and Fleiss's ICC(2,1): a shift between scans counts
    consistency : ICC(C,1), their ICC(3,1): such a shift does not count
    """

    one_way: float
    agreement: float
    consistency: float


@dataclass(frozen=True, slots=True)
class BlandAltman:
    """Mean of second minus first scan, and the limits that 95 % of such differences keep."""

    mean: float
    lower: float
    upper: float


def correlations(ratings: Ratings) -> Correlations:
    """Return the three intraclass correlations; NaN where nothing varies.

    Source
    ------
    Shrout and Fleiss 1979, doi 10.1037/0033-2909.86.2.420; McGraw and Wong 1996, doi
    10.1037/1082-989X.1.1.30.
    """
    table = np.asarray(ratings, dtype=np.float64)
    subjects, scans = table.shape
    between = scans * table.mean(axis=1).var(ddof=1)
    within = table.var(axis=1, ddof=1).mean()
    shift = subjects * table.mean(axis=0).var(ddof=1)
    rest = (within * subjects * (scans - 1) - shift * (scans - 1)) / ((subjects - 1) * (scans - 1))
    with np.errstate(invalid="ignore", divide="ignore"):
        return Correlations(
            float((between - within) / (between + (scans - 1) * within)),
            float(
                (between - rest)
                / (between + (scans - 1) * rest + scans * (shift - rest) / subjects)
            ),
            float((between - rest) / (between + (scans - 1) * rest)),
        )


def one_way_interval(
    pairs: Ratings, rng: np.random.Generator, resamples: int = 2_000
) -> tuple[float, float]:
    """Return the 95 % percentile interval of ICC(1,1) over resampled pairs (P1, Table 4).

    Parameters
    ----------
    pairs : shape (subjects, 2); a pair stays together

    Returns
    -------
    NaN where nothing varies.
    """
    if np.ptp(pairs) == 0:
        return float("nan"), float("nan")
    found = bootstrap(
        (pairs[:, 0], pairs[:, 1]),
        _one_way_of_pairs,
        paired=True,
        vectorized=True,
        n_resamples=resamples,
        method="percentile",
        rng=rng,
    ).confidence_interval
    return float(found.low), float(found.high)


def standard_error_of_measurement(ratings: Ratings) -> float:
    """Return the standard deviation of one subject's scans, the root of the mean square within."""
    return float(np.sqrt(np.asarray(ratings).var(axis=1, ddof=1).mean()))


def minimal_detectable_change(ratings: Ratings) -> float:
    """Return the difference between two scans that error alone exceeds in 5 of 100."""
    return _NORMAL_95 * float(np.sqrt(2)) * standard_error_of_measurement(ratings)


def bland_altman(pairs: Ratings) -> BlandAltman:
    """Return the limits of agreement of pairs (Bland and Altman 1986).

    Parameters
    ----------
    pairs : shape (subjects, 2), the first scan first
    """
    differences = pairs[:, 1] - pairs[:, 0]
    mean, reach = float(differences.mean()), _NORMAL_95 * float(differences.std(ddof=1))
    return BlandAltman(mean, mean - reach, mean + reach)


def _one_way_of_pairs(
    first: NDArray[np.floating], second: NDArray[np.floating], axis: int = -1
) -> NDArray[np.floating]:
    """Return ICC(1,1) of many tables of two scans at once."""
    between = 2 * ((first + second) / 2).var(axis=axis, ddof=1)
    within = ((first - second) ** 2).mean(axis=axis) / 2
    with np.errstate(invalid="ignore"):
        # A resample may hold one pair many times.
        return np.asarray((between - within) / (between + within))
