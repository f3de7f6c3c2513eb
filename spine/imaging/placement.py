"""Where overlapping parts of one body lie on one grid, as far as their affines tell."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np
from numpy.typing import NDArray

from spine.errors import Code, GeometryError
from spine.imaging.volume import Grid

_ROUNDING = 1e-3


@dataclass(frozen=True, slots=True)
class PlacementLimits:
    """What the grids of parts must satisfy.

    Attributes
    ----------
    maximum_angle_degrees : between the axes of two parts
    slice_spacing_tolerance : by how much of itself the distance of slices may differ
    slice_offset_tolerance : by how much of that distance slices may miss each other
    minimum_slices : that all parts have
    maximum_pixel_ratio : of the in-plane spacings
    minimum_overlap_mm : from head to foot
    minimum_overlap_share : of the wider part's width, from front to back: beyond it there
        would be voxels that no station shows
    minimum_slice_share : of any part's slices that all parts have: the midline of the lumbar
        spine must not be lost to a shorter stack
    """

    maximum_angle_degrees: float = 1.0
    slice_spacing_tolerance: float = 0.05
    slice_offset_tolerance: float = 0.25
    minimum_slices: int = 5
    maximum_pixel_ratio: float = 2.0
    minimum_overlap_mm: float = 20.0
    minimum_overlap_share: float = 0.9
    minimum_slice_share: float = 0.8


@dataclass(frozen=True, slots=True)
class Bounds:
    """First and last voxel of a part on another grid, (i, j, k), fractional."""

    low: tuple[float, float, float]
    high: tuple[float, float, float]

    def length(self, axis: int) -> float:
        return self.high[axis] - self.low[axis]

    def common(self, other: "Bounds") -> "Bounds":
        """Return what both hold; negative lengths where that is nothing."""
        low, high = np.maximum(self.low, other.low), np.minimum(self.high, other.high)
        return _bounds(low, high)


@dataclass(frozen=True, slots=True, eq=False)
class JoinedGrid:
    """A grid that holds all parts, and where each of them lies on it.

    Attributes
    ----------
    bounds : one a part, in their order
    """

    grid: Grid
    bounds: tuple[Bounds, ...]

    def overlap(self, first: int, second: int) -> Grid:
        """Return the box of the grid that two parts hold both."""
        return _box(self.grid, self.bounds[first].common(self.bounds[second]))


def joined_grid(parts: Sequence[Grid], limits: PlacementLimits) -> JoinedGrid:
    """Lay parts onto the grid of the finest of them, the lowest of equals.

    Slices that not all parts have are left out; in the plane of the slices the grid reaches
    as far as any part.

    Parameters
    ----------
    parts : canonical orientation, head to foot

    Raises
    ------
    GeometryError
        ``MIXED_ORIENTATIONS``, ``MIXED_GEOMETRY`` or ``OVERLAP_TOO_SMALL``.
    """
    finest = min(reversed(parts), key=lambda grid: round(float(np.prod(grid.spacing_mm[1:])), 3))
    for grid in parts:
        _require_alike(finest, grid, limits)
    bounds = [_bounds_on(finest, grid) for grid in parts]
    for upper, lower in pairwise(range(len(parts))):
        shared = bounds[upper].common(bounds[lower])
        width = max(bounds[upper].length(1), bounds[lower].length(1))
        _require_overlap(shared, width, finest, limits)
        for grid in (parts[upper], parts[lower]):
            _require_same_slices(finest, grid, shared, limits)
    whole = _whole(bounds)
    most = max(item.length(0) for item in bounds)
    least = max(limits.minimum_slices, limits.minimum_slice_share * (most + 1))
    if whole.length(0) < least - 1 - _ROUNDING:
        raise GeometryError(Code.MIXED_GEOMETRY, "they have too few slices in common")
    grid = _box(finest, whole)
    return JoinedGrid(grid, tuple(_bounds_on(grid, part) for part in parts))


def _require_alike(one: Grid, other: Grid, limits: PlacementLimits) -> None:
    axes = [grid.affine[:3, :3] / grid.spacing_mm for grid in (one, other)]
    cosines = np.clip((axes[0] * axes[1]).sum(axis=0), -1, 1)
    angle = float(np.degrees(np.arccos(cosines)).max())
    if angle > limits.maximum_angle_degrees:
        raise GeometryError(Code.MIXED_ORIENTATIONS, f"they are turned by {angle:.1f} degrees")
    ratio = np.divide(one.spacing_mm, other.spacing_mm)
    ratio = np.maximum(ratio, 1 / ratio)
    if ratio[0] > 1 + limits.slice_spacing_tolerance:
        apart = f"{one.spacing_mm[0]:.2f} and {other.spacing_mm[0]:.2f} mm apart"
        raise GeometryError(Code.MIXED_GEOMETRY, f"their slices are {apart}")
    if ratio[1:].max() > limits.maximum_pixel_ratio:
        raise GeometryError(Code.MIXED_GEOMETRY, "their pixels are too different in size")


def _require_overlap(shared: Bounds, width: float, grid: Grid, limits: PlacementLimits) -> None:
    height_mm = max(shared.length(2), 0.0) * grid.spacing_mm[2]
    if height_mm < limits.minimum_overlap_mm:
        reason = f"they overlap by {height_mm:.0f} mm, {limits.minimum_overlap_mm:.0f} are needed"
        raise GeometryError(Code.OVERLAP_TOO_SMALL, reason)
    if shared.length(1) < limits.minimum_overlap_share * width:
        raise GeometryError(Code.OVERLAP_TOO_SMALL, "they lie beside each other, front to back")


def _require_same_slices(one: Grid, other: Grid, shared: Bounds, limits: PlacementLimits) -> None:
    """Slices planned together lie in one plane; others would be blurred by interpolation."""
    middle = (np.array(shared.low) + np.array(shared.high)) / 2
    middle[0] = round(middle[0])
    slice_ = float(other.index_from_world(one.world_from_index(middle))[0])
    offset = abs(slice_ - round(slice_))
    if offset > limits.slice_offset_tolerance:
        reason = f"their slices miss each other by {offset * one.spacing_mm[0]:.1f} mm"
        raise GeometryError(Code.MIXED_GEOMETRY, reason)


def _bounds_on(grid: Grid, part: Grid) -> Bounds:
    """Place a part on a grid; where it is turned a little, the box inside it."""
    ends = np.array(list(product(*((0, size - 1) for size in part.shape))))
    found = grid.index_from_world(part.world_from_index(ends))
    low = [found[ends[:, axis] == 0, axis].max() for axis in range(3)]
    high = [found[ends[:, axis] > 0, axis].min() for axis in range(3)]
    return _bounds(low, high)


def _box(grid: Grid, bounds: Bounds) -> Grid:
    """Return the whole voxels of a grid within bounds, which may reach beyond the grid."""
    low = np.ceil(np.array(bounds.low) - _ROUNDING).astype(int)
    high = np.floor(np.array(bounds.high) + _ROUNDING).astype(int)
    i, j, k = (high - low + 1).tolist()
    affine = grid.affine.copy()
    affine[:3, 3] = grid.world_from_index(low)
    return Grid((i, j, k), affine)


def _whole(bounds: Sequence[Bounds]) -> Bounds:
    """Return the slices that all have, as far in their plane as any reaches."""
    low, high = (np.array([getattr(item, end) for item in bounds]) for end in ("low", "high"))
    return _bounds(
        [low[:, 0].max(), *low[:, 1:].min(axis=0)], [high[:, 0].min(), *high[:, 1:].max(axis=0)]
    )


def _bounds(
    low: Sequence[float] | NDArray[np.float64], high: Sequence[float] | NDArray[np.float64]
) -> Bounds:
    (a, b, c), (d, e, f) = ((float(value) for value in end) for end in (low, high))
    return Bounds((a, b, c), (d, e, f))
