"""How far people of one age differ from the law of wear."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spread:
    """How far people of one age differ, as standard deviations; by default as a population does.

    Attributes
    ----------
    gap_years : biological minus chronological age (papers, Virtual worlds)
    person : effect on every disc, without the part that the gap adds; together 0.72
    disc : effect on one disc
    marrow_fat : fat fraction of all bodies of a person (Baum 2018)
    """

    gap_years: float = 4.1
    person: float = 0.71
    disc: float = 0.67
    marrow_fat: float = 0.07


POPULATION = Spread()
