"""The planted numbers, read from the tables of this package."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Cell:
    """A line of P1's Table 1: numbers of series."""

    bracket: int
    sex: str
    normal: int
    abnormal: int


@dataclass(frozen=True, slots=True)
class FindingLaw:
    """How often a finding stands beside what is usual for an age.

    Attributes
    ----------
    region : first letter of its levels; empty for a structural pathology
    odds_per_decade : factor on the odds for ten years more
    share_at_50 : of abnormal people
    another_level : probability that one more level is affected, and again
    share_if_normal : of normal people at 50
    """

    region: str
    name: str
    severity: str
    share_at_50: float
    odds_per_decade: float
    another_level: float
    share_if_normal: float


@dataclass(frozen=True, slots=True)
class Effect:
    """What a line of P1's Table 5 or 6 adds to the gap.

    Attributes
    ----------
    exceeds : the number of levels must be above; 0 where there are none
    """

    model: str
    region: str
    name: str
    severity: str
    exceeds: int
    effect_years: float


@cache
def table_1() -> tuple[Cell, ...]:
    """Return the numbers of series by bracket, sex and class."""
    return tuple(
        Cell(int(row["bracket"]), row["sex"], int(row["normal"]), int(row["abnormal"]))
        for row in _rows("table1.csv")
    )


@cache
def finding_laws() -> tuple[FindingLaw, ...]:
    """Return the laws of findings of abnormal people.

    Shares of abnormal people are set so that the numbers of Tables 5 and 6 come out about as
    printed; the others, and those of normal people, are assumptions (docs/adr/0091).
    """
    return tuple(
        FindingLaw(
            row["region"],
            row["name"],
            row["severity"],
            float(row["share_at_50"]),
            float(row["odds_per_decade"]),
            float(row["another_level"] or 0),
            float(row["share_if_normal"] or 0),
        )
        for row in _rows("findings.csv")
    )


@cache
def effects() -> tuple[Effect, ...]:
    """Return the 54 effects of Tables 5 and 6."""
    return tuple(
        Effect(
            row["model"],
            row["region"],
            row["name"],
            row["severity"],
            int(row["exceeds"] or 0),
            float(row["effect_years"]),
        )
        for row in _rows("effects.csv")
    )


@cache
def backgrounds() -> Mapping[tuple[int, str], tuple[float, ...]]:
    """Return the shares of the five usual pictures, by bracket and class (P1, section 4.1)."""
    return {
        (int(row["bracket"]), row["class"]): tuple(float(v) for v in list(row.values())[2:])
        for row in _rows("backgrounds.csv")
    }


def _rows(name: str) -> list[dict[str, str]]:
    text = (files("research.worlds.reports") / name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
