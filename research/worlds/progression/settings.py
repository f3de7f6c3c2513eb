"""What P2 does not say and the virtual cohort assumes, fixed before any training (ADR 0097)."""

from dataclasses import dataclass
from enum import StrEnum

from spine.anatomy.grades import Scale
from spine.anatomy.levels import LUMBAR_DISCS, DiscLevel

LEVELS = LUMBAR_DISCS

AGE_QUANTILES = (
    (0.0, 0.0589, 412 / 1343, 0.429, 924 / 1343, 0.9634, 1.0),
    (18.0, 30.0, 40.0, 45.0, 50.0, 58.0, 70.0),
)
"""Shares and years between which ages are uniform: mean 44.8, SD 9.7, 57.1 % over 45."""
BMI_QUANTILES = (
    (0.0, 100 / 1343, 0.3359, 1020 / 1343, 0.9597, 1.0),
    (16.0, 18.5, 21.8, 25.0, 28.0, 38.0),
)
"""The same for BMI, kg/m2: mean 23.1, SD 3.5. Independent of age and sex."""

BASELINE_BY_AGE = 0.35
"""Rise in the log odds of each grade over the next lower one, per age group."""
BASELINE_BY_LEVEL = {
    DiscLevel.L1_L2: -0.6,
    DiscLevel.L2_L3: -0.3,
    DiscLevel.L3_L4: 0.0,
    DiscLevel.L4_L5: 0.5,
    DiscLevel.L5_S1: 0.4,
}
"""The same by level: the lower lumbar discs wear first."""


@dataclass(frozen=True, slots=True)
class Correlation:
    """Shares of the variance of the normal draws behind what is drawn of a disc.

    Attributes
    ----------
    person : of the person, common to all discs and scales of a draw's kind
    disc : of the disc, common to its three scales
    """

    person: float
    disc: float


BASELINE_CORRELATION = Correlation(person=0.35, disc=0.45)
SIGN_CORRELATION = Correlation(person=0.2, disc=0.0)
COURSE_CORRELATION = Correlation(person=0.2, disc=0.0)


class Visibility(StrEnum):
    """How much of the course of a disc its baseline image shows."""

    LOW = "low"
    STATED = "stated"
    HIGH = "high"


VISIBLE_SHARE = {
    Visibility.LOW: {Scale.SCHNEIDERMAN: 0.35, Scale.BULGING: 0.6, Scale.PFIRRMANN: 0.45},
    Visibility.STATED: {Scale.SCHNEIDERMAN: 0.63, Scale.BULGING: 0.87, Scale.PFIRRMANN: 0.75},
    Visibility.HIGH: {Scale.SCHNEIDERMAN: 0.8, Scale.BULGING: 0.95, Scale.PFIRRMANN: 0.88},
}
"""Share of the variance of a disc's course that its visible sign carries.

The stated ones let the oracle tell progression rightly in 92 % of discs on each scale.
"""

DRIFTS = {Scale.SCHNEIDERMAN: True, Scale.BULGING: False, Scale.PFIRRMANN: True}
"""Whether a lower grade at follow-up is the readers' drift and not seen in the second image.

A nucleus does not regain its water; a bulge may resolve (P2, references 7 and 8).
"""

READER_DISAGREEMENT = {Scale.SCHNEIDERMAN: 0.15, Scale.BULGING: 0.08, Scale.PFIRRMANN: 0.15}
"""Share of readings in which one of the two readers is a grade off their consensus."""
