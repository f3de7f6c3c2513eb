"""What the phantom's parameters say each measure is, by the measure's own definition.

A body is a drum (phantom/bodies.py): rims `height` apart, tilted by its wedge, each endplate
hollowed by its concavity times 1 - square, where square is 1 at the anterior rim and 0.52 at
the posterior wall.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from phantom.canal import canal_curve
from phantom.curve import Body, SacralSegment, build_skeleton
from phantom.subjects import Subject
from spine.anatomy.alignment import listhesis
from spine.anatomy.geometry import BodyShape, Endplate, Listhesis
from spine.anatomy.levels import DiscLevel, Level

# The posterior wall cuts the drum at this share of its half depth.
WALL = 0.98


def dome(share: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 1 - square at a share of the half depth, -1 behind to 1 in front."""
    return np.clip(1 - ((share + 0.16) / 1.16) ** 2, 0, None)


def endplate(body: Body, side: int) -> Endplate:
    """Return a body's endplate in the midsagittal plane; side 1 is the upper one."""
    size = body.state.size
    half = _half_depth(body.height, (size.depth_low, size.depth_up), side)
    hollow = body.concavity_up if side > 0 else body.concavity_low
    # The line through the central part of the endplate, where the columns are read.
    share = np.linspace(-0.78, 0.78, 79)
    rise = side * (body.height / 2 - hollow * dome(share))
    rise = rise + side * half * share * body.wedge / (size.depth_low + size.depth_up)
    slope, middle = np.polyfit(half * share, rise, 1)
    corners = [(-WALL * half, middle - slope * WALL * half), (half, middle + slope * half)]
    return Endplate(*(tuple(body.frame.world(0, *corner)) for corner in corners))


def _half_depth(height: float, depths: tuple[float, float], side: int, waist=0.08) -> float:
    """Return half the depth 3.5 mm inside an endplate, where walls are read."""
    u = side * (1 - 2 * 3.5 / height)
    low, up = depths
    return ((low + up) / 4 + (up - low) / 4 * u) * (1 - waist * (1 - u * u))


def sacral_endplate(segment: SacralSegment) -> Endplate:
    """Return the upper endplate of the first sacral segment, hollow by 1.1 mm."""
    half = _half_depth(segment.height, (0.74 * segment.depth, segment.depth), 1, waist=0.05)
    share = np.linspace(-0.78, 0.78, 79)
    slope, middle = np.polyfit(half * share, segment.height / 2 - 1.1 * dome(share), 1)
    corners = [(-WALL * half, middle - slope * WALL * half), (half, middle + slope * half)]
    return Endplate(*(tuple(segment.frame.world(0, *corner)) for corner in corners))


def shape(body: Body) -> BodyShape:
    """Return a body's heights: rims apart by its height, half its wedge more in front.

    The posterior wall stands where the hollow is still half as deep as in the middle.
    """
    hollow = body.concavity_up + body.concavity_low
    behind, front = (
        body.height - hollow * float(dome(np.array([at]))[0]) + at * body.wedge / 2
        for at in (-0.7, 0.7)
    )
    beyond = (front - behind) / 1.4 * 0.3
    upper, lower = endplate(body, 1), endplate(body, -1)
    tilts = [np.subtract(end.anterior, end.posterior) for end in (upper, lower)]
    tilts = [tilt / np.linalg.norm(tilt) for tilt in tilts]
    wedge = np.degrees(np.arcsin(np.cross(tilts[0], tilts[1])[0]))
    return BodyShape(front + beyond, body.height - hollow, behind - beyond, float(wedge))


def listheses(subject: Subject) -> dict[DiscLevel, Listhesis]:
    """Return every slip, from the corners of the endplates."""
    skeleton = build_skeleton(subject)
    found = {}
    for above, below in pairwise(skeleton.bodies[1:]):
        level = DiscLevel.between(above.state.level, below.state.level)
        found[level] = listhesis(endplate(above, -1), endplate(below, 1))
    last = skeleton.bodies[-1]
    level = DiscLevel.between(last.state.level, Level.S1)
    found[level] = listhesis(endplate(last, -1), sacral_endplate(skeleton.sacrum[0]))
    return found


def sac_diameters_mm(subject: Subject) -> dict[DiscLevel, float]:
    """Return the sac's diameter across its curve, where each disc's plane meets it."""
    skeleton = build_skeleton(subject)
    canal = canal_curve(subject, skeleton)
    found = {}
    for disc in skeleton.discs:
        normal = disc.frame.axes[2]
        heights = disc.frame.origin[2] + np.arange(-25.0, 25.0, 0.5)
        index = canal.index(heights)
        middle = np.stack([canal.x[index], canal.y[index], heights], axis=1)
        at = index[np.argmin(np.abs((middle - disc.frame.origin) @ normal))]
        found[disc.state.level] = float(canal.front[at] + canal.back[at])
    return found
