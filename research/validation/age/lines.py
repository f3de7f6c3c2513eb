"""Straight lines with confidence intervals that hold where older people scatter more."""

from dataclasses import dataclass

import numpy as np
import statsmodels.api as sm
from numpy.typing import NDArray

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Line:
    """y = slope * x + intercept, by least squares, with 95 % confidence intervals."""

    slope: float
    intercept: float
    slope_interval: Interval
    intercept_interval: Interval
    cases: int


def fit_line(x: NDArray[np.floating], y: NDArray[np.floating]) -> Line:
    """Fit a line; the same as `spine.age.bias.fit_bias`, with what it leaves open.

    The intervals are heteroscedasticity-consistent (HC3), since the error of spine ages
    grows with age.

    Raises
    ------
    ValueError
        With fewer than three cases, or none that differ in x.

    Source
    ------
    MacKinnon and White 1985, doi 10.1016/0304-4076(85)90158-7; for P1, equation 2.
    """
    if len(x) < 3 or np.ptp(x) == 0:
        raise ValueError("a line needs three cases of different x")
    fit = sm.OLS(y, sm.add_constant(x)).fit(cov_type="HC3", use_t=True)
    intercept, slope = (float(value) for value in fit.params)
    of_intercept, of_slope = ((float(low), float(high)) for low, high in fit.conf_int(alpha=0.05))
    return Line(slope, intercept, of_slope, of_intercept, len(x))
