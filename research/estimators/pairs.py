"""Which condition comes with which severities: the four lists of 20 that give P1's 60 features."""

import csv
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files

from research.estimators.vocabulary import PRESENT, Condition, Severity


class PairList(StrEnum):
    """P1 prints no list. Four sum to 20 a region; each lacks one severe (docs/adr/0090)."""

    NO_SEVERE_EXTRUSION = "A"
    NO_SEVERE_OSTEOPHYTE = "B"
    NO_SEVERE_UNCOVERTEBRAL = "C"
    NO_SEVERE_PROTRUSION = "D"


SHIPPED = PairList.NO_SEVERE_EXTRUSION
"""The one list that names nothing which P1's own tables lack."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A condition and a severity that it can have."""

    condition: Condition
    severity: Severity

    @property
    def word(self) -> str:
        """The severity as tables write it."""
        return severity_word(self.condition, self.severity)


@cache
def condition_pairs(which: PairList = SHIPPED) -> tuple[Pair, ...]:
    """Read the 20 pairs of a list from ``pairs.csv``, in its order."""
    text = (files("research.estimators") / "pairs.csv").read_text(encoding="utf-8")
    rows = [row for row in csv.DictReader(text.splitlines()) if which in row["lists"]]
    return tuple(Pair(Condition(row["condition"]), _severity(row["severity"])) for row in rows)


@cache
def severities(condition: Condition, which: PairList = SHIPPED) -> tuple[Severity, ...]:
    """Return what a condition's cells may hold besides absence, the mildest first."""
    return tuple(p.severity for p in condition_pairs(which) if p.condition is condition)


def severity_word(condition: Condition, severity: Severity) -> str:
    """Write a severity; a condition that has only one is just present."""
    graded = condition not in {Condition.ENDPLATE_CHANGE, Condition.ANNULAR_FISSURE}
    return severity.word if graded else PRESENT


def _severity(word: str) -> Severity:
    return Severity.MILD if word == PRESENT else Severity[word.upper()]
