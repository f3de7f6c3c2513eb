"""Limits of the quality gate: what is doubted, and what is withheld."""

from dataclasses import dataclass, field
from enum import IntEnum


class Verdict(IntEnum):
    """How a measure looks."""

    PLAUSIBLE = 0
    DOUBTFUL = 1
    IMPLAUSIBLE = 2


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of a measure as shares of its usual value, ascending.

    Attributes
    ----------
    lowest, highest : beyond them it is implausible
    low, high : beyond them it is doubtful
    """

    lowest: float
    low: float
    high: float
    highest: float

    def verdict(self, share: float, smallest: float = 1.0, largest: float = 1.0) -> Verdict:
        """Judge a share; the bounds are scaled by what is reached at the patient's age."""
        if not self.lowest * smallest <= share <= self.highest * largest:
            return Verdict.IMPLAUSIBLE
        if not self.low * smallest <= share <= self.high * largest:
            return Verdict.DOUBTFUL
        return Verdict.PLAUSIBLE


@dataclass(frozen=True, slots=True)
class SizeSettings:
    """Limits of sizes, each an assumption: several times the spread between persons.

    Persons differ by an SD of 7 % in depth and 5 % in height (docs/anatomy.md, 1.1), sexes by
    5 % either way; the means themselves are uncertain by as much. What disease and age take or
    add comes on top: a fracture 40 % of a height and more, wear four fifths of a disc.

    Attributes
    ----------
    body_depth, body_height : of the average adult, or of a child's share of it
    aged_body_height : the same from `fracture_years` on
    body_volume, disc_volume : of what the stack of slices can show
    disc_height : mean height; a worn disc keeps a tenth
    young_disc_height : the same before `wear_years`; no disc of grade 5 was seen before 30
    disc_extent : along its normal, extruded material left out; a disc joined to the next fails
    disc_depth : anterior to posterior
    pitch : distance of neighboring vertebrae
    scale : median over the bodies, of depth and of height
    """

    body_depth: Limits = Limits(0.55, 0.7, 1.45, 1.7)
    body_height: Limits = Limits(0.5, 0.7, 1.4, 1.7)
    aged_body_height: Limits = Limits(0.4, 0.6, 1.4, 1.7)
    fracture_years: float = 50.0
    body_volume: Limits = Limits(0.3, 0.5, 2.0, 2.5)
    disc_height: Limits = Limits(0.1, 0.25, 1.7, 2.2)
    young_disc_height: Limits = Limits(0.2, 0.4, 1.7, 2.2)
    wear_years: float = 30.0
    disc_extent: Limits = Limits(0.0, 0.0, 1.7, 2.2)
    disc_depth: Limits = Limits(0.5, 0.7, 1.45, 1.7)
    disc_volume: Limits = Limits(0.1, 0.25, 2.2, 2.8)
    pitch: Limits = Limits(0.5, 0.65, 1.4, 1.6)
    scale: Limits = Limits(0.65, 0.75, 1.3, 1.5)


@dataclass(frozen=True, slots=True)
class QualitySettings:
    """Limits of the gate; each is an assumption.

    Attributes
    ----------
    border_share : of a disc's voxels on the first or last row or column
    disagreement : of one level between the plain and the mirrored pass, 1 - Dice
    mean_disagreement : the same, mean over vertebrae and discs
    most_missing : vertebrae that may have gone unseen within the row
    most_implausible : share of the levels found; never fewer than `least_implausible`
    """

    sizes: SizeSettings = field(default_factory=SizeSettings)
    border_share: Limits = Limits(0.0, 0.0, 0.02, 0.2)
    disagreement: Limits = Limits(0.0, 0.0, 0.25, 0.5)
    mean_disagreement: Limits = Limits(0.0, 0.0, 0.15, 0.35)
    most_missing: int = 2
    most_implausible: float = 0.34
    least_implausible: int = 3
