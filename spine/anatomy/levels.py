"""Names of vertebrae and discs, in order from head to foot."""

from enum import StrEnum


class Level(StrEnum):
    """A vertebra."""

    C1 = "C1"
    C2 = "C2"
    C3 = "C3"
    C4 = "C4"
    C5 = "C5"
    C6 = "C6"
    C7 = "C7"
    T1 = "T1"
    T2 = "T2"
    T3 = "T3"
    T4 = "T4"
    T5 = "T5"
    T6 = "T6"
    T7 = "T7"
    T8 = "T8"
    T9 = "T9"
    T10 = "T10"
    T11 = "T11"
    T12 = "T12"
    T13 = "T13"
    L1 = "L1"
    L2 = "L2"
    L3 = "L3"
    L4 = "L4"
    L5 = "L5"
    L6 = "L6"
    L7 = "L7"
    S1 = "S1"
    S2 = "S2"
    S3 = "S3"
    S4 = "S4"
    S5 = "S5"

    @property
    def region(self) -> "Region":
        return Region(self.value[0])

    @property
    def order(self) -> int:
        """Rank from head to foot: C1 is 0."""
        return _ORDER[self]


class Region(StrEnum):
    """A part of the spine, by the first letter of its levels."""

    CERVICAL = "C"
    THORACIC = "T"
    LUMBAR = "L"
    SACRAL = "S"


class DiscLevel(StrEnum):
    """A disc, named by the vertebrae above and below it; includes those of count variants."""

    C2_C3 = "C2/C3"
    C3_C4 = "C3/C4"
    C4_C5 = "C4/C5"
    C5_C6 = "C5/C6"
    C6_C7 = "C6/C7"
    C7_T1 = "C7/T1"
    T1_T2 = "T1/T2"
    T2_T3 = "T2/T3"
    T3_T4 = "T3/T4"
    T4_T5 = "T4/T5"
    T5_T6 = "T5/T6"
    T6_T7 = "T6/T7"
    T7_T8 = "T7/T8"
    T8_T9 = "T8/T9"
    T9_T10 = "T9/T10"
    T10_T11 = "T10/T11"
    T11_T12 = "T11/T12"
    T11_L1 = "T11/L1"
    T12_T13 = "T12/T13"
    T12_L1 = "T12/L1"
    T13_L1 = "T13/L1"
    L1_L2 = "L1/L2"
    L2_L3 = "L2/L3"
    L3_L4 = "L3/L4"
    L4_L5 = "L4/L5"
    L4_S1 = "L4/S1"
    L5_L6 = "L5/L6"
    L5_S1 = "L5/S1"
    L6_L7 = "L6/L7"
    L6_S1 = "L6/S1"
    L7_S1 = "L7/S1"

    @property
    def above(self) -> Level:
        return Level(self.value.split("/")[0])

    @property
    def below(self) -> Level:
        return Level(self.value.split("/")[1])

    @property
    def is_lumbar(self) -> bool:
        """Whether the report assesses its progression: the vertebra above is lumbar."""
        return self.above.region is Region.LUMBAR

    @classmethod
    def between(cls, above: Level, below: Level) -> "DiscLevel":
        """Return the disc between two neighboring vertebrae; ValueError if there is none."""
        return cls(f"{above}/{below}")


_ORDER = {level: rank for rank, level in enumerate(Level)}
LUMBAR_DISCS = (
    DiscLevel.L1_L2,
    DiscLevel.L2_L3,
    DiscLevel.L3_L4,
    DiscLevel.L4_L5,
    DiscLevel.L5_S1,
)
"""Those of five lumbar vertebrae (P2, Dataset)."""
