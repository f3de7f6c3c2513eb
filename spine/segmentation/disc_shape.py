"""Heights and depth of a disc in its midsagittal section."""

import numpy as np

from spine.anatomy.geometry import DiscShape
from spine.segmentation.morphometry import (
    ANTERIOR_BAND,
    MIDDLE_BAND,
    POSTERIOR_BAND,
    SMALLEST_DEPTH_MM,
    band_mean,
)
from spine.segmentation.sections import Axes, Patch, Reach, midsagittal_section

DISC_REACH = Reach(anterior_mm=36.0, superior_mm=18.0)
# Rows beside the disc's plane in which its depth is read.
PLANE_MM = 1.0


def measure_disc(structure: Patch, axes: Axes) -> DiscShape | None:
    """Measure a disc along its own axes.

    Parameters
    ----------
    axes : origin at the disc's center, superior along its normal

    Returns
    -------
    DiscShape or None
        None where the field of view ends at the disc, or its center is no part of it.
    """
    section = midsagittal_section(structure, axes, DISC_REACH)
    if section is None:
        return None
    plane = np.abs(section.superior_mm) <= PLANE_MM
    posterior = -float(np.median(section.backward()[plane]))
    anterior = float(np.median(section.forward()[plane]))
    corners = axes.point(posterior, 0.0), axes.point(anterior, 0.0)
    if anterior - posterior < SMALLEST_DEPTH_MM or not all(map(structure.sees, corners)):
        return None
    share = (section.anterior_mm - posterior) / (anterior - posterior)
    heights = section.upward() + section.downward()
    front, middle, behind = (
        band_mean(heights, share, band) for band in (ANTERIOR_BAND, MIDDLE_BAND, POSTERIOR_BAND)
    )
    return DiscShape(front, middle, behind, anterior - posterior)
