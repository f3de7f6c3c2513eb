"""How far spine ages of people scanned twice agree (P1, Table 4)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from research.estimators.agreement import (
    bland_altman,
    correlations,
    minimal_detectable_change,
    one_way_interval,
    standard_error_of_measurement,
)
from research.measurements import Data, Measurement
from research.validation.age.cases import AgeCase
from research.validation.age.predictions import Prediction, PredictionsError
from research.worlds.age import Part
from spine.inference.models import BiasLine

Table = NDArray[np.float64]

# Fewer tell nothing of how people differ.
_LEAST_PAIRS = 3
_SCANS = 2
_SUBGROUPS = (("all", None), ("men", "M"), ("women", "F"))


@dataclass(frozen=True, slots=True)
class RepeatPair:
    """Two scans of one person.

    Attributes
    ----------
    gaps_years : bias-corrected gap at each scan, of the age at that scan; the earlier first
    years_between : time from the first to the second scan
    """

    sex: str
    gaps_years: tuple[float, float]
    years_between: float


def pairs_of(predictions: Sequence[Prediction], line: BiasLine) -> list[RepeatPair]:
    """Pair the scans of everybody who was scanned twice, the earlier first.

    Raises
    ------
    PredictionsError
        If somebody of that part has one scan, or three.
    """
    people: dict[str, list[AgeCase]] = {}
    for item in predictions:
        if item.part is Part.REPEATS:
            people.setdefault(item.person_id, []).append(item.case)
    alone = sum(len(scans) != _SCANS for scans in people.values())
    if alone:
        raise PredictionsError(f"part {Part.REPEATS.value}: {alone} people have not two scans")
    pairs = [
        sorted(scans, key=lambda scan: (scan.age_years, scan.case)) for scans in people.values()
    ]
    return [
        RepeatPair(
            first.sex,
            (first.gap_years(line), second.gap_years(line)),
            second.age_years - first.age_years,
        )
        for first, second in pairs
    ]


def first_scans(predictions: Sequence[Prediction]) -> list[AgeCase]:
    """Return the earlier scan of everybody who was scanned twice."""
    first: dict[str, AgeCase] = {}
    for item in predictions:
        if item.part is Part.REPEATS:
            known = first.setdefault(item.person_id, item.case)
            if item.age_years < known.age_years:
                first[item.person_id] = item.case
    return list(first.values())


def gaps(pairs: Sequence[RepeatPair]) -> Table:
    """Return the gaps, shape (pairs, 2)."""
    return np.array([pair.gaps_years for pair in pairs], dtype=np.float64).reshape(-1, 2)


def repeatability(
    pairs: Sequence[RepeatPair], data: Data, rng: np.random.Generator
) -> list[Measurement]:
    """Return ICC, error of measurement and limits of agreement of all, men and women.

    Parameters
    ----------
    rng : draws the pairs of the bootstrap
    """
    rows = []
    for group, sex in _SUBGROUPS:
        members = [pair for pair in pairs if sex is None or pair.sex == sex]
        rows += _rows(group, members, data, rng)
    return rows


def _rows(
    group: str, pairs: Sequence[RepeatPair], data: Data, rng: np.random.Generator
) -> list[Measurement]:
    if len(pairs) < _LEAST_PAIRS:
        return [Measurement(f"{group}: ICC(1,1) of the gap", None, "1", data, len(pairs))]
    values = (
        ("years between scans, mean", float(np.mean([p.years_between for p in pairs])), "years"),
        *_correlation_values(gaps(pairs), rng),
        *_error_values(gaps(pairs)),
    )
    return [
        Measurement(
            f"{group}: {name}", value if math.isfinite(value) else None, unit, data, len(pairs)
        )
        for name, value, unit in values
    ]


def _correlation_values(table: Table, rng: np.random.Generator) -> list[tuple[str, float, str]]:
    found = correlations(table)
    low, high = one_way_interval(table, rng)
    return [
        ("ICC(1,1) of the gap", found.one_way, "1"),
        ("ICC(1,1) of the gap, 95 % low", low, "1"),
        ("ICC(1,1) of the gap, 95 % high", high, "1"),
        ("ICC(A,1) of the gap", found.agreement, "1"),
        ("ICC(C,1) of the gap", found.consistency, "1"),
    ]


def _error_values(table: Table) -> list[tuple[str, float, str]]:
    limits = bland_altman(table)
    return [
        ("standard error of measurement", standard_error_of_measurement(table), "years"),
        ("minimal detectable change", minimal_detectable_change(table), "years"),
        ("second minus first scan, mean", limits.mean, "years"),
        ("limit of agreement, lower", limits.lower, "years"),
        ("limit of agreement, upper", limits.upper, "years"),
    ]
