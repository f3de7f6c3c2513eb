"""Where the age network looked, and how far the case lies from what it learned from."""

from dataclasses import dataclass

from spine.errors import Caution
from spine.imaging.volume import Volume


@dataclass(frozen=True, slots=True)
class LimitedValue:
    """A figure that is doubtful above a limit; either is None where it is not known."""

    value: float | None
    limit: float | None

    @property
    def is_exceeded(self) -> bool:
        return self.value is not None and self.limit is not None and self.value > self.limit


@dataclass(frozen=True, slots=True, eq=False)
class AgeHeat:
    """Where the age network looked (docs/adr/0028-where-the-network-looked.md).

    Attributes
    ----------
    older, younger : what made the answer older, and what younger, 0 to 1 on the grid of the
        segmented volume, each on its own scale; None where there is no positive evidence
    older_share : of the heat of both maps; None where neither has any
    cell_mm : size of the cells that the maps are interpolated between, along anterior and
        superior; along right they do not vary within the network's box of P1
    outside_spine, above_c2 : share of the heat of both maps where no spine was shown to the
        network, and above the upper end of C2 (None if C2 was not found)
    cautions : one for each share above its limit
    """

    older: Volume | None
    younger: Volume | None
    older_share: float | None
    cell_mm: tuple[float, float]
    outside_spine: LimitedValue
    above_c2: LimitedValue
    cautions: tuple[Caution, ...] = ()
