"""The three grading scales of P2 (MRI parameters) and what becomes of a grade."""

from enum import IntEnum, StrEnum


class Scale(StrEnum):
    """A disc grading scale."""

    SCHNEIDERMAN = "schneiderman"
    BULGING = "bulging"
    PFIRRMANN = "pfirrmann"

    @property
    def grades(self) -> type[IntEnum]:
        """The scale's grades in order of severity."""
        return _GRADES[self]

    @property
    def classes(self) -> tuple["GradeClass", ...]:
        """One class a grade, the answers of a network that tells all of them apart."""
        return tuple((int(grade),) for grade in self.grades)


class Schneiderman(IntEnum):
    """Disc signal intensity (P2, reference 27)."""

    NORMAL = 0
    SPECKLED = 1
    DIFFUSE_LOSS = 2
    SIGNAL_VOID = 3


class Bulging(IntEnum):
    """Disc displacement (P2, reference 2)."""

    NONE = 0
    BULGE = 1
    EXTRUSION = 2
    SEQUESTRATION = 3


class Pfirrmann(IntEnum):
    """Disc degeneration (P2, reference 28)."""

    HOMOGENEOUS_BRIGHT = 1
    INHOMOGENEOUS_BRIGHT = 2
    INHOMOGENEOUS_GRAY = 3
    GRAY_TO_BLACK = 4
    BLACK_COLLAPSED = 5


class Progression(StrEnum):
    """Baseline against predicted five-year grade.

    P2 counts improvement as "no progression"; it is kept apart here, and the
    highest grade is "not at risk" since it cannot progress.
    """

    IMPROVED = "improved"
    UNCHANGED = "unchanged"
    PROGRESSED = "progressed"
    NOT_AT_RISK = "not at risk"
    UNDETERMINED = "undetermined"


class BaselineKind(StrEnum):
    """Who gave a baseline grade, in the order in which they are believed (docs/adr/0096)."""

    TABLE = "baseline table"
    PRIOR = "earlier report"
    MODEL = "grading model"


class Undetermined(StrEnum):
    """Why it is not said what becomes of a grade (docs/adr/0096)."""

    NO_BASELINE = "no baseline grade"
    OPEN_CLASS = "baseline grade known only as a grade or more"
    UNSURE_BASELINE = "baseline grade of the grading model too uncertain"
    CONTRADICTION = "predicted grade and probability of progression contradict each other"


GradeClass = tuple[int, ...]
"""The grades that one answer of a network stands for: several where it says "2 or more"."""


_GRADES: dict[Scale, type[IntEnum]] = {
    Scale.SCHNEIDERMAN: Schneiderman,
    Scale.BULGING: Bulging,
    Scale.PFIRRMANN: Pfirrmann,
}
