"""What is found in each spine: what is usual for an age, and what abnormal people have beside."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from research.worlds.reports.laws import FindingLaw, backgrounds, finding_laws
from research.worlds.reports.placing import LEVELS, place, rank_levels

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
Flags = NDArray[np.bool_]

CONDITIONS = (
    "disc_bulge",
    "disc_osteophyte",
    "uncovertebral_osteophyte",
    "protrusion",
    "extrusion",
    "desiccation",
    "endplate_change",
    "annular_fissure",
)
SEVERITIES = ("mild", "moderate", "severe", "near_complete")
PRESENT = "present"

ADDITIONAL_SHARES = {
    "scoliosis": 1477 / 8528,
    "kyphosis_or_lordosis": 3061 / 8528,
    "transitional_vertebra": 542 / 8528,
    "tarlov_cyst": 601 / 8528,
}
"""Of everyone: Table 5's numbers among its 8,528 series."""

_LEADING_SHARE = 0.02
"""Findings from here on lead a report; rarer ones come with a leading one, never alone."""

_FURTHER = 0.1
"""How often a leading finding also stands second, times its share."""

_BARE = 0.5
"""Of abnormal people without any usual finding, after 45: nothing at all is not usual then
(P1, section 4.1)."""

_MORE_PER_DECADE = 0.25
"""Single findings of normal people: more after 50, by this share of those at 50."""

_MOST_IF_NORMAL = 1
"""Level of such a single finding."""

Key = tuple[str, str, str]
"""Region, condition and severity."""


@dataclass(frozen=True, slots=True)
class _Usual:
    """A mild finding that is usual for its age.

    Attributes
    ----------
    another_if_normal, another_if_abnormal : probability of one more level, and again, at 30
    """

    key: Key
    pictures: tuple[int, ...]
    another_if_normal: float
    another_if_abnormal: float
    per_decade: float


# Pictures by number: 0 no finding, 1 bulges, 2 and osteophytes, 3 and cervical bulges,
# 4 bulges, osteophytes and uncovertebral osteophytes (P1, section 4.1: one to three, more
# with age). Levels of abnormal people are set to the numbers of Tables 5 and 6.
_USUAL = (
    _Usual(("L", "disc_bulge", "mild"), (1, 2, 3, 4), 0.45, 0.28, 0.02),
    _Usual(("C", "disc_osteophyte", "mild"), (2, 4), 0.45, 0.66, 0.02),
    _Usual(("C", "disc_bulge", "mild"), (3,), 0.45, 0.35, 0.02),
    _Usual(("C", "uncovertebral_osteophyte", "mild"), (4,), 0.45, 0.30, 0.02),
)


def draw_findings(scans: pd.DataFrame, rng: np.random.Generator) -> tuple[pd.DataFrame, Counts]:
    """Draw every series' true findings, from draws that a person keeps for all scans.

    Returns
    -------
    severities and flags, int8, columns named as in tables of reports
    number of the usual picture of each series
    """
    people = int(scans["person"].max()) + 1
    person = scans["person"].to_numpy()
    pictures = _pictures(scans, rng.uniform(size=people)[person])
    counts: dict[Key, Counts] = {}
    for usual in _USUAL:
        counts[usual.key] = _usual_levels(usual, scans, pictures, rng.uniform(size=people)[person])
    flags = {}
    for law, levels in _extras(scans, pictures, people, rng):
        if law.region:
            key = (law.region, law.name, law.severity)
            counts[key] = np.maximum(counts.get(key, 0), levels)
        else:
            flags[law.name] = (levels > 0).astype(np.int8)
    for name, share in ADDITIONAL_SHARES.items():
        flags[name] = (rng.uniform(size=people) < share)[person].astype(np.int8)
    return pd.DataFrame(flags | _placed(counts, person, people, rng)), pictures


def _pictures(scans: pd.DataFrame, u: Floats) -> Counts:
    pictures = np.zeros(len(scans), dtype=np.int64)
    for (bracket, kind), shares in backgrounds().items():
        here = (scans["bracket"] == bracket) & (scans["abnormal"] == (kind == "abnormal"))
        edges = np.cumsum(shares)[:-1]
        pictures[here] = np.searchsorted(edges, u[here], side="right")
    return pictures


def _usual_levels(usual: _Usual, scans: pd.DataFrame, pictures: Counts, u: Floats) -> Counts:
    decades = (scans["age_years"].to_numpy() - 30.0) / 10.0
    first = np.where(scans["abnormal"], usual.another_if_abnormal, usual.another_if_normal)
    most = np.where(scans["bracket"] < 50, 3, 5)
    levels = np.minimum(_levels(u, first + usual.per_decade * decades), most)
    return np.where(np.isin(pictures, usual.pictures), levels, 0)


def _extras(
    scans: pd.DataFrame, pictures: Counts, people: int, rng: np.random.Generator
) -> Iterator[tuple[FindingLaw, Counts]]:
    """Yield how many levels each law affects in each series."""
    person, abnormal = scans["person"].to_numpy(), scans["abnormal"].to_numpy()
    ages = scans["age_years"].to_numpy()
    found = np.where(
        abnormal[:, np.newaxis],
        _of_abnormal(ages, pictures, person, people, rng),
        _of_normal(ages, person, people, rng) & (pictures > 0)[:, np.newaxis],
    )
    for number, law in enumerate(finding_laws()):
        levels = _levels(rng.uniform(size=people)[person], np.full(len(scans), law.another_level))
        levels = np.where(abnormal, levels, np.minimum(levels, _MOST_IF_NORMAL))
        yield law, np.where(found[:, number], levels, 0)


def _of_abnormal(
    ages: Floats, pictures: Counts, person: Counts, people: int, rng: np.random.Generator
) -> Flags:
    """Give each abnormal report one leading finding and seldom more (docs/adr/0091)."""
    shares = np.stack([_shares(law, ages) for law in finding_laws()], axis=1)
    leads = np.array([law.share_at_50 >= _LEADING_SHARE for law in finding_laws()])
    further = np.where(leads, _FURTHER, 1.0) * shares
    found = rng.uniform(size=(people, len(leads)))[person] < further
    leading = _one_of(shares * leads, rng.uniform(size=people)[person])
    bare = (pictures == 0) & (ages >= 45.0) & (rng.uniform(size=people)[person] < _BARE)
    found[np.arange(len(ages)), leading] = True
    return np.asarray(found & ~bare[:, np.newaxis])


def _of_normal(ages: Floats, person: Counts, people: int, rng: np.random.Generator) -> Flags:
    """Let normal reports name single mild findings here and there."""
    shares = np.array([law.share_if_normal for law in finding_laws()])
    more = 1.0 + _MORE_PER_DECADE * np.maximum(ages - 50.0, 0.0) / 10.0
    u = rng.uniform(size=(people, len(shares)))[person]
    return np.asarray(u < shares * more[:, np.newaxis])


def _one_of(weights: Floats, u: Floats) -> Counts:
    """Pick a column for each row by weight."""
    edges = np.cumsum(weights, axis=1)
    return np.asarray((u[:, np.newaxis] * edges[:, -1:] >= edges).sum(axis=1))


def _shares(law: FindingLaw, ages: Floats) -> Floats:
    odds = law.share_at_50 / (1.0 - law.share_at_50) * law.odds_per_decade ** ((ages - 50.0) / 10.0)
    return np.asarray(odds / (1.0 + odds))


def _levels(u: Floats, another: Floats) -> Counts:
    """Draw a geometric number of levels, at least 1, by its quantile."""
    safe = np.clip(another, 1e-6, 0.99)
    return 1 + np.floor(np.log(np.maximum(u, 1e-12)) / np.log(safe)).astype(np.int64)


def _placed(
    counts: dict[Key, Counts], person: Counts, people: int, rng: np.random.Generator
) -> dict[str, NDArray[np.int8]]:
    columns: dict[str, NDArray[np.int8]] = {}
    for region, levels in LEVELS.items():
        ranks = rank_levels(region, people, rng)[person]
        for condition in CONDITIONS:
            words = (PRESENT, *SEVERITIES)
            graded = [counts.get((region, condition, word)) for word in words]
            codes = place([graded[1] if graded[0] is None else graded[0], *graded[2:]], ranks)
            columns |= {f"{level}_{condition}": codes[:, n] for n, level in enumerate(levels)}
    return columns
