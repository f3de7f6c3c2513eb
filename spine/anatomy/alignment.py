"""How vertebrae stand to each other in the sagittal plane: angles and slips."""

import math

import numpy as np
from numpy.typing import NDArray

from spine.anatomy.geometry import Curvature, Endplate, Listhesis, SpineGeometry
from spine.anatomy.levels import Level

# Endplates that face each other differ by a tenth in depth (docs/anatomy.md, 1.1); a lip or a
# piece of mask that is lacking makes more of it. Beyond this share no slip can be read.
LEAST_DEPTH_RATIO = 0.65


def curvature_degrees(spine: SpineGeometry, curvature: Curvature) -> float | None:
    """Return a Cobb angle; None where one of its two endplates is not known.

    Lordosis is positive where the column opens to the front, kyphosis where it opens to
    the back. Levels are taken by name: a spine without T12 has no angle T1 to T12.

    Source
    ------
    Lumbar lordosis L1 to S1 between upper endplates, thoracic kyphosis T1 (or T4) to T12
    between the upper and the lower endplate: Yukawa, Eur Spine J 2018 27:426. Cervical
    lordosis C2 to C7 between lower endplates: the Cobb method in its usual form.
    """
    above, below, sign = _ends(spine, curvature)
    if above is None or below is None:
        return None
    return sign * kyphosis_degrees(above, below)


def _ends(
    spine: SpineGeometry, curvature: Curvature
) -> tuple[Endplate | None, Endplate | None, int]:
    """Return the endplate above, the one below, and -1 where lordosis counts as positive."""
    if curvature is Curvature.CERVICAL_LORDOSIS:
        return spine.lower_endplate(Level.C2), spine.lower_endplate(Level.C7), -1
    if curvature is Curvature.LUMBAR_LORDOSIS:
        return spine.upper_endplate(Level.L1), spine.upper_endplate(Level.S1), -1
    first = Level.T1 if curvature is Curvature.THORACIC_KYPHOSIS else Level.T4
    return spine.upper_endplate(first), spine.lower_endplate(Level.T12), 1


def kyphosis_degrees(above: Endplate, below: Endplate) -> float:
    """Return the angle between two endplates, positive where the one above leans forward.

    The patient's right is world +x, so that the sign holds for every oblique sagittal stack.
    """
    first, second = _direction(above), _direction(below)
    turn = np.cross(first, second)
    angle = math.atan2(float(np.linalg.norm(turn)), float(first @ second))
    return math.copysign(math.degrees(angle), float(turn[0]))


def coronal_curve_degrees(spine: SpineGeometry) -> float | None:
    """Return how far the spine turns sideways: the largest angle between two of its tangents.

    The tangent at a body joins the centers of its two neighbors, projected to the coronal
    plane. On straight flanks this is the Cobb angle; on round ones it is less. None where
    fewer than two bodies have both neighbors.
    """
    centers = [vertebra.center for vertebra in spine.vertebrae]
    pairs = zip(centers, centers[2:], strict=False)
    turns = [
        math.degrees(math.atan2(below[0] - above[0], above[2] - below[2])) for above, below in pairs
    ]
    return max(turns) - min(turns) if len(turns) > 1 else None


def listhesis(above: Endplate, below: Endplate) -> Listhesis:
    """Measure how far a vertebra has slipped forward on the one below.

    Parameters
    ----------
    above : lower endplate of the upper vertebra
    below : upper endplate of the lower vertebra

    The slip is the distance of the posterior corners along the bisector of both endplates,
    so that lordosis between them alone is no slip.

    Source
    ------
    Bisector: Frobin, Clin Biomech 1997 12 Suppl 1:S1. Percentage: Meyerding, Surg Gynecol
    Obstet 1932 54:371.
    """
    bisector = _direction(above) + _direction(below)
    apart = np.subtract(above.posterior, below.posterior)
    slip = float(apart @ bisector / np.linalg.norm(bisector))
    return Listhesis(slip, 100 * slip / below.depth_mm)


def are_alike(first: Endplate, second: Endplate) -> bool:
    """Whether two endplates that face each other are about as deep."""
    depths = sorted((first.depth_mm, second.depth_mm))
    return depths[0] >= LEAST_DEPTH_RATIO * depths[1]


def _direction(endplate: Endplate) -> NDArray[np.float64]:
    """Return the unit vector from its posterior to its anterior corner."""
    along = np.subtract(endplate.anterior, endplate.posterior)
    unit: NDArray[np.float64] = along / np.linalg.norm(along)
    return unit
