"""The gap: bias-corrected spine age minus age, and how sure the correction is."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from research.estimators.clustered import Fit, fit_clustered
from spine.age.bias import correct_bias, fit_bias
from spine.inference.models import BiasLine

Years = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Correction:
    """The bias line with the error that it has from being fitted on few people.

    Attributes
    ----------
    slope_error : standard error of the slope, by person
    degrees : of freedom of that error
    """

    line: BiasLine
    slope_error: float = 0.0
    degrees: float = np.inf


@dataclass(frozen=True, slots=True)
class Gaps:
    """Gaps of series, shape (rows,).

    Attributes
    ----------
    years : gap
    corrected_years : spine age after correction
    """

    years: Years
    corrected_years: Years
    correction: Correction

    def of(self, rows: NDArray[np.bool_]) -> "Gaps":
        """Return the gaps of some rows."""
        return Gaps(self.years[rows], self.corrected_years[rows], self.correction)


def fit_correction(table: pd.DataFrame) -> Correction:
    """Fit the bias line on normal validation series.

    Parameters
    ----------
    table : typed reports with `predicted_age_years`, of normal validation series

    Raises
    ------
    ValueError
        With fewer than three series that have a prediction, or none that differ in age.

    Source
    ------
    P1, equation 2.
    """
    known = table[table["predicted_age_years"].notna()]
    age = known["age_years"].to_numpy(dtype=np.float64)
    said = known["predicted_age_years"].to_numpy(dtype=np.float64)
    line = fit_bias(age, said)
    design = np.column_stack([np.ones(len(age)), age - age.mean()])
    try:
        fit = fit_clustered(design, said, known["patient"].to_numpy())
    except np.linalg.LinAlgError as error:
        raise ValueError(f"the bias line cannot be told: {error}") from None
    return Correction(line, float(fit.errors[1]), float(fit.degrees[1]))


def gaps_of(table: pd.DataFrame, correction: Correction) -> Gaps:
    """Return the gap of each series; NaN without a prediction (P1, equation 3)."""
    said = table["predicted_age_years"].to_numpy(dtype=np.float64)
    corrected = correct_bias(said, correction.line)
    return Gaps(corrected - table["age_years"].to_numpy(dtype=np.float64), corrected, correction)


def fit_gaps(design: NDArray[np.floating], gaps: Gaps, person: NDArray[np.generic]) -> Fit:
    """Fit the gap by least squares, with the error of the bias line in the errors.

    A gap is (said - intercept) / slope - age: when the slope is off by a share, every gap is
    off by that share of the corrected age, and every effect by the share of what its exposure
    goes with in corrected age. That error does not shrink with more people in `design`.

    Parameters
    ----------
    design : shape (rows, columns), with a column of ones

    Raises
    ------
    numpy.linalg.LinAlgError
        As `fit_clustered`.

    Source
    ------
    Delta method; docs/adr/0093-intervals-of-associations.md.
    """
    fit = fit_clustered(design, gaps.years, person)
    correction = gaps.correction
    if correction.slope_error == 0.0:
        return fit
    along = np.linalg.lstsq(design, gaps.corrected_years, rcond=None)[0]
    shared = (along * correction.slope_error / correction.line.slope) ** 2
    own = fit.errors**2
    # Welch and Satterthwaite: a sum of two variances, each with its degrees of freedom.
    degrees = (own + shared) ** 2 / (own**2 / fit.degrees + shared**2 / correction.degrees)
    return Fit(fit.effects, np.sqrt(own + shared), degrees)
