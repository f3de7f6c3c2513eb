"""Names for vertebrae found in a row, from the anchors in view and the network's regions.

The sacrum below and C2 above anchor the count. Between them the number of
thoracic and lumbar vertebrae varies from person to person, so every usual count
is tried against the regions that the network saw, weighed by how common it is.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from math import inf, log

from spine.anatomy.levels import Level, Region

# Thoracic and lumbar counts and their share of the population
# (docs/anatomy.md, 2, Counts; 13T6L and 11T4L are named so that they can be found).
COUNT_SHARES: dict[tuple[int, int], float] = {
    (12, 5): 0.89,
    (12, 4): 0.02,
    (11, 5): 0.03,
    (13, 4): 0.01,
    (13, 5): 0.007,
    (12, 6): 0.03,
    (11, 6): 0.013,
    (11, 4): 0.0005,
    (13, 6): 0.0005,
    (12, 7): 0.0002,
}
# A vertebra's votes are never wholly certain: this share is left for every region.
VOTE_FLOOR = 0.003
# The only count that one anchor alone can tell.
USUAL_COUNT = (12, 5)
# How often a vertebra goes unseen without leaving a gap; an assumption, kept below the share of
# the rarer counts so that these are still found.
MISSED_SHARE = 0.002
# Counts whose weight comes this near to the best one's leave the names in doubt.
DOUBTFUL_MARGIN = log(3.0)


@dataclass(frozen=True, slots=True)
class Vote:
    """What the network thinks of one vertebra: shares of its body, which sum to 1."""

    cervical: float
    thoracic: float
    lumbar: float

    def weight(self, region: Region) -> float:
        """Return the logarithm of the share for a region, floored."""
        share = {
            Region.CERVICAL: self.cervical,
            Region.THORACIC: self.thoracic,
            Region.LUMBAR: self.lumbar,
        }[region]
        return log((share + VOTE_FLOOR) / (1 + 3 * VOTE_FLOOR))


@dataclass(frozen=True, slots=True)
class Anchors:
    """What fixes the count: C2 as the uppermost, the sacrum below the lowest vertebra."""

    axis_above: bool
    sacrum_below: bool


@dataclass(frozen=True, slots=True)
class Naming:
    """Names from head to foot, one a vertebra, and how far they can be trusted.

    Attributes
    ----------
    is_certain : an anchor is in view and no other count explains the regions nearly as well;
        of an unusual count both anchors are
    """

    levels: tuple[Level, ...]
    is_certain: bool


def name_levels(votes: Sequence[Vote | None], anchors: Anchors) -> Naming | None:
    """Name a row of neighboring vertebrae.

    Parameters
    ----------
    votes : head to foot; None stands for a vertebra that was missed between two others
    anchors : ends of the count that are in view

    Returns
    -------
    Naming or None
        As many levels as `votes`; None if no spine has so many. Where both anchors
        contradict every count, the lower one alone is believed and the names are uncertain.
    """
    ranked = _ranked(votes, anchors)
    missed = _with_missed(votes, anchors)
    if missed is not None and (not ranked or missed[0] > ranked[0][0]):
        return Naming(missed[1], is_certain=False)
    if not ranked:
        return _believing_the_sacrum(votes)
    best_weight, best = ranked[0]
    rival = next((weight for weight, levels in ranked if levels != best), None)
    clear = rival is None or best_weight - rival > DOUBTFUL_MARGIN
    known = (anchors.axis_above and anchors.sacrum_below) or _is_usual(best, anchors)
    return Naming(best, is_certain=clear and known and _stands_on_each_anchor(votes, best, anchors))


def column(thoracic: int, lumbar: int) -> tuple[Level, ...]:
    """Return the presacral vertebrae from C2 for a count of thoracic and lumbar ones."""
    counts = {"C": range(2, 8), "T": range(1, thoracic + 1), "L": range(1, lumbar + 1)}
    return tuple(Level(f"{region}{n}") for region, numbers in counts.items() for n in numbers)


def _is_usual(levels: tuple[Level, ...], anchors: Anchors) -> bool:
    """Whether a spine of the usual count looks like this.

    Six lumbar vertebrae over a sacrum are as well five below a thoracic one without ribs, or
    with ribs that the stack does not reach.
    """
    return levels in _windows(column(*USUAL_COUNT), len(levels), anchors)


def _believing_the_sacrum(votes: Sequence[Vote | None]) -> Naming | None:
    ranked = _ranked(votes, Anchors(axis_above=False, sacrum_below=True))
    return Naming(ranked[0][1], is_certain=False) if ranked else None


def _with_missed(
    votes: Sequence[Vote | None], anchors: Anchors
) -> tuple[float, tuple[Level, ...]] | None:
    """Return the heaviest naming if up to two vertebrae were merged with a neighbor unseen."""
    best = None
    for count in (1, 2):
        for places in combinations_with_replacement(range(1, len(votes)), count):
            padded = list(votes)
            for place in reversed(places):
                padded.insert(place, None)
            ranked = _ranked(padded, anchors)
            weight = ranked[0][0] + count * log(MISSED_SHARE) if ranked else -inf
            if ranked and (best is None or weight > best[0]):
                missing = {place + shift for shift, place in enumerate(places)}
                kept = [lv for at, lv in enumerate(ranked[0][1]) if at not in missing]
                best = (weight, tuple(kept))
    return best


def _stands_on_each_anchor(
    votes: Sequence[Vote | None], best: tuple[Level, ...], anchors: Anchors
) -> bool:
    """Say whether there is an anchor, and each one alone leads to the same names.

    C2 and C3 seen as one, or a vertebra seen as two, change the count; between both anchors
    that looks like a rare spine, while one anchor alone still follows the regions.
    """
    alone = []
    if anchors.axis_above:
        alone.append(Anchors(axis_above=True, sacrum_below=False))
    if anchors.sacrum_below:
        alone.append(Anchors(axis_above=False, sacrum_below=True))
    return bool(alone) and all(_ranked(votes, one)[0][1] == best for one in alone)


def _ranked(
    votes: Sequence[Vote | None], anchors: Anchors
) -> list[tuple[float, tuple[Level, ...]]]:
    """Return all namings that the anchors allow, heaviest first."""
    weighed: dict[tuple[Level, ...], float] = {}
    for counts, share in COUNT_SHARES.items():
        for levels in _windows(column(*counts), len(votes), anchors):
            weight = log(share) + _agreement(votes, levels)
            weighed[levels] = max(weight, weighed.get(levels, weight))
    ranked = [(weight, levels) for levels, weight in weighed.items()]
    return sorted(ranked, key=lambda item: -item[0])


def _windows(
    levels: tuple[Level, ...], length: int, anchors: Anchors
) -> Iterator[tuple[Level, ...]]:
    """Yield every run of neighbors of a length that begins and ends as the anchors say."""
    for start in range(len(levels) - length + 1):
        from_axis = start == 0 or not anchors.axis_above
        to_sacrum = start + length == len(levels) or not anchors.sacrum_below
        if from_axis and to_sacrum:
            yield levels[start : start + length]


def _agreement(votes: Sequence[Vote | None], levels: tuple[Level, ...]) -> float:
    return sum(
        vote.weight(level.region)
        for vote, level in zip(votes, levels, strict=True)
        if vote is not None
    )
