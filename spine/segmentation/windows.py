"""Windows: where on the stack of slices the fine net looks.

Positions are pixels of the stack of `spine.preprocessing.fine`, (slice, superior, anterior).
"""

from dataclasses import dataclass
from math import ceil, floor

import numpy as np
from numpy.typing import NDArray

from spine.anatomy.labels import TissueClass
from spine.imaging.axes import centered_positions
from spine.imaging.volume import Grid, LabelMap
from spine.preprocessing.fine import FineSpec, fine_grid

# Around what the coarse net calls spine: its own error, some three of its pixels of 1.8 mm.
IN_PLANE_MARGIN_MM = 6.0
# And two of its slices of 3 mm.
SLICE_MARGIN_MM = 6.0


@dataclass(frozen=True, slots=True)
class Window:
    """A rectangle of `FineSpec.shape`, the same in every slice that needs it.

    Attributes
    ----------
    superior, anterior : its first pixel
    slices : in which the fine net is to see it
    """

    superior: int
    anterior: int
    slices: tuple[int, ...]


def region_points(classes: LabelMap, grid: Grid, spec: FineSpec) -> NDArray[np.float64]:
    """Return what belongs to the spine, ribs left out, as positions in the stack.

    Parameters
    ----------
    classes : values of `TissueClass` on the coarse net's window
    grid : of the volume; shares axes and center with the window and with the stack

    Returns
    -------
    float64, shape (points, 3): slice, superior, anterior; those inside the stack
    """
    window, stack = classes.grid, fine_grid(grid, spec)
    # (right, anterior, superior) -> (right, superior, anterior)
    data = classes.data.transpose(0, 2, 1)
    spine = (data > 0) & (data != TissueClass.RIB)
    places = [
        centered_positions(
            window.shape[axis], window.spacing_mm[axis], stack.shape[axis], stack.spacing_mm[axis]
        )
        for axis in (0, 2, 1)
    ]
    found = np.nonzero(spine)
    points = np.stack([place[at] for place, at in zip(places, found, strict=True)], axis=1)
    shape = np.array([stack.shape[axis] for axis in (0, 2, 1)])
    beyond = (points < -0.5) | (points > shape - 0.5)
    return points[~beyond.any(axis=1)]


def windows_along(points: NDArray[np.float64], grid: Grid, spec: FineSpec) -> tuple[Window, ...]:
    """Place windows along the spine so that every point lies in one, with its margin.

    Superior positions tile the region and what the windows can hold beyond it: the coarse net
    may have missed an end. In front and behind each window follows the points in
    its rows, and has a neighbor where they are wider than it; a slice sees only those windows
    that its own points and those of the slices next to it need.

    Parameters
    ----------
    points : shape (points, 3), not empty; see `region_points`
    grid : of the volume
    """
    height, superiors = spec.shape[1], fine_grid(grid, spec).shape[2]
    found = _extent(points[:, 1], superiors, spec)
    low, high = _with_room(*found, height, superiors, spec.overlap)
    windows: list[Window] = []
    for superior in _starts(low, high, height, superiors, spec.overlap):
        rows = (points[:, 1] >= superior - 0.5) & (points[:, 1] < superior + height - 0.5)
        if rows.any():
            windows += _side_by_side(superior, points[rows], grid, spec)
    return tuple(windows)


def _side_by_side(
    superior: int, points: NDArray[np.float64], grid: Grid, spec: FineSpec
) -> list[Window]:
    """Place the windows of some rows from back to front, and choose each one's slices."""
    width, anteriors = spec.shape[0], fine_grid(grid, spec).shape[1]
    low, high = _extent(points[:, 2], anteriors, spec)
    starts = np.array(_starts(low, high, width, anteriors, spec.overlap))
    needed: list[list[int]] = [[] for _ in starts]
    for place in range(grid.shape[0]):
        near = points[np.abs(points[:, 0] - place) * grid.spacing_mm[0] <= SLICE_MARGIN_MM]
        if not len(near):
            continue
        low, high = _extent(near[:, 2], anteriors, spec)
        first = int(np.flatnonzero(starts <= low)[-1])
        last = int(np.flatnonzero(starts + width >= high)[0])
        for number in range(first, max(first, last) + 1):
            needed[number].append(place)
    found = zip(starts, needed, strict=True)
    return [Window(superior, int(start), tuple(slices)) for start, slices in found if slices]


def windows_everywhere(grid: Grid, spec: FineSpec) -> tuple[Window, ...]:
    """Tile every slice of the stack from edge to edge."""
    slices, anteriors, superiors = fine_grid(grid, spec).shape
    width, height = spec.shape
    return tuple(
        Window(superior, anterior, tuple(range(slices)))
        for superior in _starts(0, superiors, height, superiors, spec.overlap)
        for anterior in _starts(0, anteriors, width, anteriors, spec.overlap)
    )


def _extent(places: NDArray[np.float64], length: int, spec: FineSpec) -> tuple[int, int]:
    """Return the pixels, first and past the last, of some places with their margin."""
    margin = IN_PLANE_MARGIN_MM / spec.pixel_mm
    low = max(0, floor(places.min() - margin))
    return low, min(length, ceil(places.max() + margin) + 1)


def _with_room(low: int, high: int, window: int, length: int, overlap: int) -> tuple[int, int]:
    """Widen pixels `low` to `high` to all that as many windows can hold, within the axis."""
    held = min(length, _count(low, high, window, overlap) * (window - overlap) + overlap)
    first = min(max(0, (low + high - held) // 2), length - held)
    return first, first + held


def _starts(low: int, high: int, window: int, length: int, overlap: int) -> list[int]:
    """Tile pixels `low` to `high` evenly, within an axis; one window is put in their middle.

    Windows that follow each other share `overlap` pixels or more.
    """
    count = _count(low, high, window, overlap)
    if count == 1:
        return [min(max(0, (low + high - window) // 2), length - window)]
    return [round(start) for start in np.linspace(low, high - window, count)]


def _count(low: int, high: int, window: int, overlap: int) -> int:
    return max(1, ceil((high - low - overlap) / (window - overlap)))
