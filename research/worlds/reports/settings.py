"""The virtual worlds: what is planted in each."""

from dataclasses import dataclass, replace
from enum import StrEnum

GAP_SD_YEARS = 4.1
"""Of the biological gap, planted (papers, Virtual worlds)."""

ERROR_SD_YEARS = 2.5
"""Of the network's own error: with the gap a measured spread of 4.8 years, ICC 0.73."""


class World(StrEnum):
    """P1's world and seven that break an assumption of its analysis."""

    PAPERS = "papers"
    NULL = "null"
    NO_ABNORMALS = "no-abnormals"
    HEAVY_TAILS = "heavy-tails"
    MISSED_FINDINGS = "missed-findings"
    SCANNER_SHIFT = "scanner-shift"
    NONLINEAR_AGE = "nonlinear-age"
    READER_DRIFT = "reader-drift"


@dataclass(frozen=True, slots=True)
class WorldSettings:
    """What differs between worlds.

    Attributes
    ----------
    effects : times the effects of Tables 5 and 6 and the interaction of Figure 7
    abnormals : whether people are planted as abnormal
    degrees_of_freedom : of Student's t, that the gap's residual follows; 0 is normal
    missed_share : of mild findings that reports leave out
    missed_share_in_2011 : the same in the first year, falling linearly to `missed_share` in 2024
    scanner_sd_years : of each scanner's shift of the predicted age
    bend_years : added to the predicted age 20 years from the middle, with the square of the
        distance
    """

    effects: float = 1.0
    abnormals: bool = True
    degrees_of_freedom: float = 0.0
    missed_share: float = 0.0
    missed_share_in_2011: float = 0.0
    scanner_sd_years: float = 0.0
    bend_years: float = 0.0


_PAPERS = WorldSettings()
_SETTINGS = {
    World.PAPERS: _PAPERS,
    World.NULL: replace(_PAPERS, effects=0.0),
    World.NO_ABNORMALS: replace(_PAPERS, abnormals=False),
    # Finite variance, so that the spread of 4.1 years can be kept.
    World.HEAVY_TAILS: replace(_PAPERS, degrees_of_freedom=3.0),
    World.MISSED_FINDINGS: replace(_PAPERS, missed_share=0.3, missed_share_in_2011=0.3),
    World.SCANNER_SHIFT: replace(_PAPERS, scanner_sd_years=2.0),
    World.NONLINEAR_AGE: replace(_PAPERS, bend_years=3.0),
    World.READER_DRIFT: replace(_PAPERS, missed_share_in_2011=0.5),
}


def settings_of(world: World) -> WorldSettings:
    """Return what is planted in a world."""
    return _SETTINGS[world]
