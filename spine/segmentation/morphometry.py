"""Endplates and heights of vertebral bodies in their midsagittal section."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from spine.anatomy.geometry import BodyShape, Endplate
from spine.imaging.volume import Grid
from spine.segmentation.placement import world_point
from spine.segmentation.sections import Axes, Patch, Reach, Section, midsagittal_section

# Half of the largest body in view, with room for its tilt.
BODY_REACH = Reach(anterior_mm=34.0, superior_mm=26.0)
# An end's own reach: no body is lower than this.
END_REACH = Reach(anterior_mm=34.0, superior_mm=16.0)
# How far inside the bone its depth is read: below the lips of the rim, above the waist.
WALL_ROWS_MM = (2.0, 5.0)
# Central share of an endplate through which its line is laid; rims and lips are left out.
LINE_SHARE = 0.8
# Places at which heights are read, as shares of the depth from behind.
POSTERIOR_BAND = (0.05, 0.25)
MIDDLE_BAND = (0.4, 0.6)
ANTERIOR_BAND = (0.75, 0.95)
# Fewer columns than this carry no line, and columns that scatter more end at no endplate:
# a hollow endplate scatters by 0.6 mm.
LEAST_COLUMNS = 8
LARGEST_SCATTER_MM = 2.0
SMALLEST_DEPTH_MM = 5.0
# Axes are turned towards the endplates so often; the first turn brings them within a degree.
TURNS = 2


@dataclass(frozen=True, slots=True)
class End:
    """An endplate's line in a section.

    Attributes
    ----------
    posterior_mm, anterior_mm : where the walls stand, along the anterior axis
    height_mm : of the line at the origin, along the superior axis
    slope : rise of the line to the front, mm per mm
    """

    posterior_mm: float
    anterior_mm: float
    height_mm: float
    slope: float

    def endplate(self, axes: Axes, grid: Grid) -> Endplate:
        """Place its corners in the world."""
        posterior, anterior = (
            world_point(grid, axes.point(at, self.height_mm + self.slope * at))
            for at in (self.posterior_mm, self.anterior_mm)
        )
        return Endplate(posterior, anterior)


@dataclass(frozen=True, slots=True)
class Body:
    """What a body's section says; each part None where it could not be measured."""

    shape: BodyShape | None
    upper: Endplate | None
    lower: Endplate | None


NOTHING = Body(None, None, None)


def measure_body(structure: Patch, axes: Axes, grid: Grid) -> Body:
    """Measure a body in its midsagittal plane, along axes turned until its endplates lie flat.

    Parameters
    ----------
    structure : the body without its posterior elements
    axes : origin inside the body; superior roughly along the column

    Heights are means over bands of the depth, as six-point morphometry reads them at its
    corners: those in front and behind are carried from the bands' middles to the walls.
    """
    for _ in range(TURNS):
        found = _body_section(structure, axes)
        if found is None:
            return NOTHING
        _, upper, lower = found
        axes = axes.tilted((upper.slope + lower.slope) / 2)
    found = _body_section(structure, axes)
    if found is None or not all(_is_seen(structure, axes, end) for end in found[1:]):
        return NOTHING
    section, upper, lower = found
    shape = _shape(section, upper, lower)
    return Body(shape, upper.endplate(axes, grid), lower.endplate(axes, grid))


def measure_end(structure: Patch, axes: Axes, grid: Grid, *, is_upper: bool) -> Endplate | None:
    """Measure one endplate of a bone that has no other: C2's lower, S1's upper.

    Parameters
    ----------
    axes : origin inside the bone, some 8 mm from the endplate
    """
    for _ in range(TURNS):
        found = _end_section(structure, axes, is_upper=is_upper)
        if found is None:
            return None
        axes = axes.tilted(found.slope)
    found = _end_section(structure, axes, is_upper=is_upper)
    if found is None or not _is_seen(structure, axes, found):
        return None
    return found.endplate(axes, grid)


def _body_section(structure: Patch, axes: Axes) -> tuple[Section, End, End] | None:
    section = midsagittal_section(structure, axes, BODY_REACH)
    if section is None:
        return None
    upper, lower = upper_end(section), lower_end(section)
    return None if upper is None or lower is None else (section, upper, lower)


def _end_section(structure: Patch, axes: Axes, *, is_upper: bool) -> End | None:
    section = midsagittal_section(structure, axes, END_REACH)
    if section is None:
        return None
    return upper_end(section) if is_upper else lower_end(section)


def upper_end(section: Section) -> End | None:
    """Lay a line through the upper ends of the section's columns."""
    return _end(section, section.upward(), 1)


def lower_end(section: Section) -> End | None:
    """Lay a line through the lower ends of the section's columns."""
    return _end(section, section.downward(), -1)


def _end(section: Section, lengths: NDArray[np.float64], side: int) -> End | None:
    walls = _walls(section, lengths, side)
    if walls is None:
        return None
    posterior, anterior = walls
    middle, half = (posterior + anterior) / 2, LINE_SHARE * (anterior - posterior) / 2
    central = (np.abs(section.anterior_mm - middle) <= half) & (lengths > 0)
    if central.sum() < LEAST_COLUMNS:
        return None
    # Theil and Sen's line: a Schmorl node or a lip under a third of it does not tilt it.
    place, reached = section.anterior_mm[central], side * lengths[central]
    slope, height, *_ = stats.theilslopes(reached, place)
    if np.median(np.abs(reached - height - slope * place)) > LARGEST_SCATTER_MM:
        return None
    return End(posterior, anterior, float(height), float(slope))


def _walls(section: Section, lengths: NDArray[np.float64], side: int) -> tuple[float, float] | None:
    """Return where the posterior and the anterior wall stand near an end."""
    center = len(lengths) // 2
    end = float(lengths[center - 2 : center + 2].mean())
    depth = end - side * section.superior_mm
    rows = (depth >= WALL_ROWS_MM[0]) & (depth <= WALL_ROWS_MM[1]) & (depth <= end)
    if not rows.any():
        return None
    posterior = -float(np.median(section.backward()[rows]))
    anterior = float(np.median(section.forward()[rows]))
    return (posterior, anterior) if anterior - posterior >= SMALLEST_DEPTH_MM else None


def _shape(section: Section, upper: End, lower: End) -> BodyShape | None:
    posterior = (upper.posterior_mm + lower.posterior_mm) / 2
    anterior = (upper.anterior_mm + lower.anterior_mm) / 2
    share = (section.anterior_mm - posterior) / (anterior - posterior)
    heights = section.upward() + section.downward()
    behind, middle, front = (
        band_mean(heights, share, band) for band in (POSTERIOR_BAND, MIDDLE_BAND, ANTERIOR_BAND)
    )
    between = (sum(ANTERIOR_BAND) - sum(POSTERIOR_BAND)) / 2
    beyond = (front - behind) / between * (1 - sum(ANTERIOR_BAND) / 2)
    if behind - beyond <= 0 or front + beyond <= 0:
        return None
    wedge = np.degrees(np.arctan(lower.slope) - np.arctan(upper.slope))
    return BodyShape(front + beyond, middle, behind - beyond, float(wedge))


def band_mean(
    heights: NDArray[np.float64], share: NDArray[np.float64], band: tuple[float, float]
) -> float:
    """Return the mean height of the columns whose share of the depth lies in a band."""
    return float(heights[(share >= band[0]) & (share <= band[1])].mean())


def _is_seen(structure: Patch, axes: Axes, end: End) -> bool:
    """Whether the field of view holds both corners."""
    return all(
        structure.sees(axes.point(at, end.height_mm + end.slope * at))
        for at in (end.posterior_mm, end.anterior_mm)
    )
