"""How many vertebrae a person has."""

from dataclasses import dataclass

import numpy as np

from spine.anatomy.levels import DiscLevel, Level, Region


@dataclass(frozen=True, slots=True)
class Variant:
    """Counts of thoracic (rib-bearing) and lumbar vertebrae.

    Attributes
    ----------
    thoracic : 11, 12 or 13
    lumbar : 4, 5, 6 or 7
    """

    thoracic: int = 12
    lumbar: int = 5

    def __post_init__(self) -> None:
        names = f"T{self.thoracic}/L1", f"L{self.lumbar}/S1"
        if not all(name in set(DiscLevel) for name in names):
            raise ValueError(f"no disc is named for {self.thoracic} thoracic, {self.lumbar} lumbar")

    def count(self, region: Region) -> int:
        """Return the number of vertebrae of a mobile region."""
        counts = {
            Region.CERVICAL: 7,
            Region.THORACIC: self.thoracic,
            Region.LUMBAR: self.lumbar,
            Region.SACRAL: 5,
        }
        return counts[region]

    @property
    def levels(self) -> tuple[Level, ...]:
        """Mobile vertebrae from C1 down to the last lumbar."""
        regions = (Region.CERVICAL, Region.THORACIC, Region.LUMBAR)
        return tuple(Level(f"{r}{n}") for r in regions for n in range(1, self.count(r) + 1))

    @property
    def discs(self) -> tuple[DiscLevel, ...]:
        """Discs from C2/C3 down to that on S1."""
        below = (*self.levels[2:], Level.S1)
        return tuple(
            DiscLevel.between(up, low) for up, low in zip(self.levels[1:], below, strict=True)
        )

    @property
    def name(self) -> str:
        return f"{self.thoracic}T{self.lumbar}L"


NORMAL = Variant()

# Shares of anatomy 2, derived from a Chinese (n=293) and a Korean (n=1340) cohort;
# 12T7L is an assumption of ours, so that L7 occurs at all.
_SHARES = {
    Variant(12, 5): 0.887,
    Variant(12, 4): 0.02,
    Variant(11, 5): 0.03,
    Variant(13, 4): 0.01,
    Variant(13, 5): 0.007,
    Variant(12, 6): 0.03,
    Variant(11, 6): 0.013,
    Variant(12, 7): 0.003,
}


def draw_variant(rng: np.random.Generator) -> Variant:
    """Draw the counts of a person."""
    return list(_SHARES)[int(rng.choice(len(_SHARES), p=list(_SHARES.values())))]
