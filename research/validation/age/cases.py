"""What is known of each case: who, on which scanner, and what the network said."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from spine.age.bias import correct_bias
from spine.age.interval import BRACKETS_START_YEARS
from spine.inference.models import BiasLine

Years = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class AgeCase:
    """A series with its spine age.

    Attributes
    ----------
    case : names it in tables, never the patient
    age_years : chronological
    sex : ``"M"``, ``"F"``, as the cohort has it
    scanner : any name that tells scanners apart
    predicted_years : the network's answer, not bias-corrected
    """

    case: str
    age_years: float
    sex: str
    scanner: str
    predicted_years: float

    def corrected_years(self, line: BiasLine) -> float:
        """Return the bias-corrected spine age (P1, equation 3)."""
        return correct_bias(self.predicted_years, line)

    def gap_years(self, line: BiasLine) -> float:
        """Return the bias-corrected spine age minus the chronological one."""
        return self.corrected_years(line) - self.age_years


def ages(cases: Sequence[AgeCase]) -> Years:
    """Return chronological ages, shape (cases,)."""
    return np.array([case.age_years for case in cases], dtype=np.float64)


def predictions(cases: Sequence[AgeCase], line: BiasLine | None = None) -> Years:
    """Return what the network said, bias-corrected with a line; shape (cases,)."""
    said = np.array([case.predicted_years for case in cases], dtype=np.float64)
    return said if line is None else correct_bias(said, line)


def by_sex(cases: Sequence[AgeCase]) -> Iterator[tuple[str, list[AgeCase]]]:
    """Yield the cases of each sex."""
    for sex in sorted({case.sex for case in cases}):
        yield sex, [case for case in cases if case.sex == sex]


def by_scanner(cases: Sequence[AgeCase]) -> Iterator[tuple[str, list[AgeCase]]]:
    """Yield the cases of each scanner."""
    for scanner in sorted({case.scanner for case in cases}):
        yield scanner, [case for case in cases if case.scanner == scanner]


def by_bracket(cases: Sequence[AgeCase]) -> Iterator[tuple[str, list[AgeCase]]]:
    """Yield the cases of each of P1's age brackets, also of those without any."""
    for first, end in pairwise(BRACKETS_START_YEARS):
        yield f"{first}-{end - 1}", [case for case in cases if first <= case.age_years < end]
