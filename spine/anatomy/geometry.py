"""Measured geometry of vertebrae and discs, in world millimeters (RAS+)."""

from dataclasses import dataclass

from spine.anatomy.levels import DiscLevel, Level

Vector = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class DiscFrame:
    """A disc's own coordinate frame.

    Attributes
    ----------
    center : world position of the disc's center, mm, RAS+
    lateral, anterior, superior : orthonormal unit axes, world RAS+; superior is
        the disc's normal (along the spine), lateral points to the patient's right
    """

    center: Vector
    lateral: Vector
    anterior: Vector
    superior: Vector


@dataclass(frozen=True, slots=True)
class VertebraGeometry:
    """A vertebra as measured on its mask.

    Attributes
    ----------
    level : its name
    center : centroid of the body, mm, RAS+
    width_mm : anterior-posterior depth of the body at mid height, measured on
        the slices next to the midline: the ``w`` of P2, which is defined on sagittal images
    height_mm : mean height of the body
    """

    level: Level
    center: Vector
    width_mm: float
    height_mm: float


@dataclass(frozen=True, slots=True)
class DiscGeometry:
    """A disc as measured on the masks of itself and its neighbors.

    Attributes
    ----------
    level : its name
    frame : center and axes
    height_mm : mean height along ``frame.superior``
    """

    level: DiscLevel
    frame: DiscFrame
    height_mm: float


@dataclass(frozen=True, slots=True)
class SpineGeometry:
    """Vertebrae and discs found, each ordered from head to foot.

    Attributes
    ----------
    mean_width_mm : mean ``width_mm`` of the lumbar vertebrae, of all where there is none
        (P2's ``w``; docs/adr/0030), NaN without vertebrae
    """

    vertebrae: tuple[VertebraGeometry, ...]
    discs: tuple[DiscGeometry, ...]
    mean_width_mm: float

    def disc(self, level: DiscLevel) -> DiscGeometry | None:
        """Return the disc of a level, or None where it was not found."""
        return next((disc for disc in self.discs if disc.level is level), None)
