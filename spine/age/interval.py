"""How far the model errs at an age: split conformal intervals, by age bracket."""

import math
from bisect import bisect_right
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from spine.findings import AgeInterval
from spine.inference.models import AgeIntervals, BracketErrors

Years = NDArray[np.floating]

# P1, Table 1: six brackets of ten years from 25 on.
BRACKETS_START_YEARS = (25, 35, 45, 55, 65, 75, 85)
COVERAGE_PERCENT = 90
# A bracket with fewer calibration cases joins a neighbor.
MINIMUM_CASES = 100


def fit_intervals(
    chronological_years: Years,
    corrected_years: Years,
    data: Literal["synthetic", "real"],
    minimum_cases: int = MINIMUM_CASES,
) -> AgeIntervals | None:
    """Return, by age bracket, the gap that 90 % of new normal cases stay within.

    Parameters
    ----------
    chronological_years, corrected_years : of normal cases that neither the network nor the
        bias line was fitted on, shape (cases,); ages outside P1's brackets count for nothing
    minimum_cases : a bracket with fewer joins its smaller neighbor; where all together are
        fewer, one bracket holds them all

    Returns
    -------
    None where there are too few cases for the rank that the coverage needs: 9 for 90 %.

    Raises
    ------
    ValueError
        If an age is not finite: it would take a rank without being an error.

    Source
    ------
    Split conformal prediction (Vovk et al. 2005; Lei et al. 2018, doi
    10.1080/01621459.2017.1307116), within each bracket; docs/adr/0027.
    """
    chronological = np.asarray(chronological_years, dtype=np.float64)
    gaps = np.asarray(corrected_years, dtype=np.float64) - chronological
    if not np.isfinite(gaps).all():
        raise ValueError("an age or its estimate is not finite")
    brackets = [
        _bracket(first, end, gaps[(chronological >= first) & (chronological < end)])
        for first, end in _merged(chronological, minimum_cases)
    ]
    found = tuple(bracket for bracket in brackets if bracket is not None)
    return AgeIntervals(COVERAGE_PERCENT, data, found) if found else None


def interval_at(
    intervals: AgeIntervals | None, chronological_years: float, gap_years: float
) -> AgeInterval | None:
    """Return the interval at an age, and where the gap lies among the calibration cases.

    None without intervals, and at an age that none of their brackets holds.
    """
    if intervals is None:
        return None
    for bracket in intervals.brackets:
        if bracket.first_years <= chronological_years < bracket.last_years + 1:
            return AgeInterval(
                center_years=chronological_years,
                half_width_years=bracket.half_width_years,
                coverage_percent=intervals.coverage_percent,
                first_years=bracket.first_years,
                last_years=bracket.last_years,
                cases=bracket.cases,
                data=intervals.data,
                gap_percentile=bisect_right(bracket.gap_percentiles_years, gap_years),
            )
    return None


def finite_sample_rank(cases: int) -> int:
    """Return the rank ceil((n + 1) * 0.9) of the error that becomes the half width.

    In whole numbers: 0.9 is none in binary, and a rank must not hang on its last digit.
    """
    return -(-(cases + 1) * COVERAGE_PERCENT // 100)


def _bracket(first_years: int, end_years: int, gaps: NDArray[np.float64]) -> BracketErrors | None:
    """Measure one bracket; None if it has too few cases for any interval."""
    rank = finite_sample_rank(gaps.size)
    if rank > gaps.size:
        return None
    ordered = np.sort(gaps)
    # The k-th percentile is the least gap that k % of the cases do not exceed.
    places = [-(-percent * gaps.size // 100) - 1 for percent in range(1, 100)]
    half_width = float(np.sort(np.abs(gaps))[rank - 1])
    return BracketErrors(
        first_years=first_years,
        last_years=end_years - 1,
        cases=gaps.size,
        # Rounded up, so that it covers no less.
        half_width_years=math.ceil(1000 * half_width) / 1000,
        gap_percentiles_years=tuple(round(float(ordered[place]), 3) for place in places),
    )


def _merged(years: NDArray[np.float64], minimum_cases: int) -> list[tuple[int, int]]:
    """Return start and end of each bracket, small ones joined to their smaller neighbor.

    It looks at ages alone, never at errors, which keeps the coverage; brackets without any
    case before the first and after the last case are left out.
    """
    parts = [
        (first, end, int(((years >= first) & (years < end)).sum()))
        for first, end in pairwise(BRACKETS_START_YEARS)
    ]
    filled = [place for place, (*_, count) in enumerate(parts) if count]
    if not filled:
        return []
    parts = parts[filled[0] : filled[-1] + 1]
    while len(parts) > 1 and min(count for *_, count in parts) < minimum_cases:
        _join_smallest(parts)
    return [(first, end) for first, end, _ in parts]


def _join_smallest(parts: list[tuple[int, int, int]]) -> None:
    """Join the bracket of the fewest cases to its neighbor of the fewer, in place."""
    smallest = min(range(len(parts)), key=lambda place: parts[place][2])
    neighbors = [place for place in (smallest - 1, smallest + 1) if 0 <= place < len(parts)]
    lower = min(smallest, min(neighbors, key=lambda place: parts[place][2]))
    (first, _, below), (_, end, above) = parts[lower : lower + 2]
    parts[lower : lower + 2] = [(first, end, below + above)]
