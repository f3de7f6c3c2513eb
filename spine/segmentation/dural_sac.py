"""The dural sac's anterior-posterior diameter behind a disc."""

import numpy as np

from spine.segmentation.sections import Axes, Patch, Reach, Section, midsagittal_section

# From a disc's center to the far wall of the sac: half a disc and a wide canal.
BEHIND_DISC = Reach(anterior_mm=45.0, superior_mm=2.0, lateral_mm=1.5)
# Length of sac that shows its direction.
COURSE = Reach(anterior_mm=16.0, superior_mm=10.0, lateral_mm=1.5)
# Length of sac over which the diameter is averaged.
LEVEL = Reach(anterior_mm=16.0, superior_mm=1.5, lateral_mm=1.5)
LEAST_SHARE = 0.5
LEAST_ROWS = 10


def sac_diameter_mm(sac: Patch, disc: Axes) -> float | None:
    """Measure the sac in the midline, across its own direction, where the disc's plane meets it.

    Parameters
    ----------
    sac : fluid and cord near the disc
    disc : the disc's center and axes

    Returns
    -------
    float or None
        None where no sac lies behind the disc, or the field of view cuts it.

    Source
    ------
    Midsagittal diameter of the dural sac: Steurer, BMC Musculoskelet Disord 2011 12:175.
    """
    center = _center_behind(sac, disc)
    if center is None:
        return None
    axes = disc.moved(center, 0.0)
    course = midsagittal_section(sac, axes, COURSE)
    lean = None if course is None else _lean(course)
    if lean is None:
        return None
    # The sac leans forward by so much per mm upward: its axis becomes the superior one.
    axes = axes.tilted(-lean)
    section = midsagittal_section(sac, axes, LEVEL)
    if section is None:
        return None
    front, back = float(section.forward().mean()), float(section.backward().mean())
    ends = axes.point(front, 0.0), axes.point(-back, 0.0)
    if front + back <= 0 or not all(map(sac.sees, ends)):
        return None
    return front + back


def _center_behind(sac: Patch, disc: Axes) -> float | None:
    """Return where the middle of the sac lies along the disc's anterior axis, mm."""
    section = midsagittal_section(sac, disc, BEHIND_DISC)
    if section is None:
        return None
    share = section.share.mean(axis=1)
    inside = (share >= LEAST_SHARE) & (section.anterior_mm < 0)
    return float(section.anterior_mm[inside].mean()) if inside.any() else None


def _lean(course: Section) -> float | None:
    """Return how far the sac's middle moves forward per mm upward."""
    weight = course.share.sum(axis=0)
    rows = weight > LEAST_SHARE
    if rows.sum() < LEAST_ROWS:
        return None
    middle = course.anterior_mm @ course.share[:, rows] / weight[rows]
    return float(np.polyfit(course.superior_mm[rows], middle, 1)[0])
