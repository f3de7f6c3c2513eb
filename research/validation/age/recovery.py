"""Whether a planted bias line is found again: exactly without noise, in its interval with it."""

import numpy as np

from research.measurements import Data, Measurement
from research.validation.age.lines import fit_line
from research.validation.age.redraws import limited
from research.worlds.age import draw_age_and_sex
from spine.age.bias import correct_bias, fit_bias
from spine.inference.models import BiasLine

# P1's number of validation series, and a line as shrunken as networks' lines are.
CASES = 1_051
RUNS = 1_000
PLANTED = BiasLine(0.8, 10.5, CASES)
_EXACT = 1e-9
_LEAST, _MOST = 0.93, 0.97
# Older people scatter more, as in P1's Figure 4: SD at 25 years and per year beyond.
_SD_YEARS, _SD_PER_YEAR = 2.0, 0.05


def bias_recovery(rng: np.random.Generator, runs: int = RUNS) -> list[Measurement]:
    """Return how far slope, intercept and corrected ages are off, and how often intervals cover."""
    years = np.array([draw_age_and_sex(rng)[0] for _ in range(CASES)])
    said = PLANTED.slope * years + PLANTED.intercept_years
    line = fit_bias(years, said)
    errors = (
        ("slope", abs(line.slope - PLANTED.slope), "1"),
        ("intercept", abs(line.intercept_years - PLANTED.intercept_years), "years"),
        ("corrected age", float(np.abs(correct_bias(said, line) - years).max()), "years"),
    )
    exact = [
        Measurement(
            f"bias line, noiseless: error of the {name}",
            error,
            unit,
            Data.SYNTHETIC,
            CASES,
            _EXACT,
            "lower",
        )
        for name, error, unit in errors
    ]
    return [*exact, *_coverage(years, said, rng, runs)]


def _coverage(
    years: np.ndarray, said: np.ndarray, rng: np.random.Generator, runs: int
) -> list[Measurement]:
    spread = _SD_YEARS + _SD_PER_YEAR * (years - years.min())
    covered = np.zeros(2, dtype=int)
    for _ in range(runs):
        found = fit_line(years, said + spread * rng.standard_normal(years.size))
        covered += [
            found.slope_interval[0] <= PLANTED.slope <= found.slope_interval[1],
            found.intercept_interval[0] <= PLANTED.intercept_years <= found.intercept_interval[1],
        ]
    return [
        row
        for name, share in zip(("slope", "intercept"), covered / runs, strict=True)
        for row in limited(
            f"bias line, n = {CASES}: 95 % intervals that hold the {name}",
            float(share),
            Data.SYNTHETIC,
            runs,
            (_LEAST, _MOST),
        )
    ]
