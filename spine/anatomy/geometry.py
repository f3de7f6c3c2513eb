"""Measured geometry of vertebrae and discs, in world millimeters (RAS+).

How each figure is defined and where the definition comes from: docs/anatomy.md, 6.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

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
class Endplate:
    """An endplate in the midsagittal plane, from its posterior to its anterior corner.

    Attributes
    ----------
    posterior, anterior : mm, RAS+; where the straight line through the endplate, rims left
        out, meets the body's posterior and anterior wall
    """

    posterior: Vector
    anterior: Vector

    @property
    def depth_mm(self) -> float:
        """Length from corner to corner."""
        return math.dist(self.posterior, self.anterior)


@dataclass(frozen=True, slots=True)
class BodyShape:
    """A vertebral body's six-point morphometry in the midsagittal plane.

    Attributes
    ----------
    anterior_height_mm, middle_height_mm, posterior_height_mm : between the endplates, along
        the body's own axis, at its anterior wall, in the middle and at its posterior wall
    wedge_degrees : angle between its endplates; positive where it is lower in front

    Source
    ------
    Genant, J Bone Miner Res 1993 8:1137: anterior, middle and posterior height.
    """

    anterior_height_mm: float
    middle_height_mm: float
    posterior_height_mm: float
    wedge_degrees: float

    @property
    def wedge_ratio(self) -> float:
        """Anterior over posterior height."""
        return self.anterior_height_mm / self.posterior_height_mm


@dataclass(frozen=True, slots=True)
class DiscShape:
    """A disc's heights in the midsagittal plane, along its own normal.

    Attributes
    ----------
    anterior_height_mm, middle_height_mm, posterior_height_mm : mean over a fifth of its depth,
        next to the anterior rim, in the middle and next to the posterior rim
    depth_mm : anterior-posterior extent of the disc
    """

    anterior_height_mm: float
    middle_height_mm: float
    posterior_height_mm: float
    depth_mm: float

    @property
    def mean_height_mm(self) -> float:
        """Mean of the three heights."""
        return (self.anterior_height_mm + self.middle_height_mm + self.posterior_height_mm) / 3


@dataclass(frozen=True, slots=True)
class Listhesis:
    """How far a vertebra has slipped on the one below; negative where it lies behind.

    Attributes
    ----------
    percent : of the depth of the upper endplate of the vertebra below (Meyerding 1932)
    """

    slip_mm: float
    percent: float


class Curvature(StrEnum):
    """An angle of the sagittal profile, each positive in its usual direction."""

    CERVICAL_LORDOSIS = "cervical lordosis C2-C7"
    THORACIC_KYPHOSIS = "thoracic kyphosis T1-T12"
    LOWER_THORACIC_KYPHOSIS = "thoracic kyphosis T4-T12"
    LUMBAR_LORDOSIS = "lumbar lordosis L1-S1"


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
    volume_mm3 : of the body as far as the field of view shows it, posterior elements left out
    shape : None where it could not be measured, as for C2, whose dens has no endplate
    upper, lower : endplates; None where they could not be measured
    """

    level: Level
    center: Vector
    width_mm: float
    height_mm: float
    volume_mm3: float | None = None
    shape: BodyShape | None = None
    upper: Endplate | None = None
    lower: Endplate | None = None


@dataclass(frozen=True, slots=True)
class DiscGeometry:
    """A disc as measured on the masks of itself and its neighbors.

    Attributes
    ----------
    level : its name
    frame : center and axes
    height_mm : mean height along ``frame.superior``
    volume_mm3 : as far as the field of view shows it
    extent_mm : along its normal, without what lies in the canal; None where the stack of
        slices does not show the midline
    shape : None where the stack does not show the midline, or cuts the disc in front or
        behind, or where the midsagittal section has no mask at the disc's center
    height_index : mean of its three heights over the depth of the vertebra above
    listhesis : of the vertebra above on the one below
    sac_diameter_mm : anterior-posterior diameter of the dural sac behind the disc

    Source
    ------
    Height index: Frobin, Clin Biomech 1997 12 Suppl 1:S1 (normalized by the depth of the
    vertebra above); mean of three heights: Chen, J Clin Neurosci 2022 103:153.
    """

    level: DiscLevel
    frame: DiscFrame
    height_mm: float
    volume_mm3: float | None = None
    extent_mm: float | None = None
    shape: DiscShape | None = None
    height_index: float | None = None
    listhesis: Listhesis | None = None
    sac_diameter_mm: float | None = None


@dataclass(frozen=True, slots=True)
class SpineGeometry:
    """Vertebrae and discs found, each ordered from head to foot.

    Attributes
    ----------
    mean_width_mm : mean ``width_mm`` of the lumbar vertebrae, of all where there is none
        (P2's ``w``; docs/adr/0030), NaN without vertebrae
    sacral_endplate : upper endplate of S1; None where it could not be measured
    """

    vertebrae: tuple[VertebraGeometry, ...]
    discs: tuple[DiscGeometry, ...]
    mean_width_mm: float
    sacral_endplate: Endplate | None = None

    def disc(self, level: DiscLevel) -> DiscGeometry | None:
        """Return the disc of a level, or None where it was not found."""
        return next((disc for disc in self.discs if disc.level is level), None)

    def upper_endplate(self, level: Level) -> Endplate | None:
        """Return the upper endplate of a vertebra or of S1, or None where it is not known."""
        if level is Level.S1:
            return self.sacral_endplate
        return next((v.upper for v in self.vertebrae if v.level is level), None)

    def lower_endplate(self, level: Level) -> Endplate | None:
        """Return the lower endplate of a vertebra, or None where it is not known."""
        return next((v.lower for v in self.vertebrae if v.level is level), None)
