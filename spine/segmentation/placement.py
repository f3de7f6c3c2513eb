"""Between grid millimeters, in which structures are measured, and the world."""

import numpy as np
from numpy.typing import NDArray

from spine.anatomy.geometry import Vector
from spine.imaging.volume import Grid
from spine.segmentation.discs import Points


def world_point(grid: Grid, point: Points) -> Vector:
    """Map grid mm, shape (3,), to world mm, RAS+."""
    x, y, z = grid.world_from_index(point / np.asarray(grid.spacing_mm))
    return float(x), float(y), float(z)


def grid_point(grid: Grid, point: Vector) -> Points:
    """Map world mm, RAS+, to grid mm, shape (3,)."""
    position: Points = grid.index_from_world(np.asarray(point)) * np.asarray(grid.spacing_mm)
    return position


def world_direction(grid: Grid, direction: Points) -> Vector:
    """Turn a direction of the grid's axes into the world's."""
    x, y, z = _directions(grid) @ direction
    return float(x), float(y), float(z)


def grid_direction(grid: Grid, direction: Vector) -> Points:
    """Turn a direction of the world's axes into the grid's."""
    turned: Points = _directions(grid).T @ np.asarray(direction)
    return turned


def _directions(grid: Grid) -> NDArray[np.float64]:
    """Return the grid's unit axes as columns, world RAS+."""
    unit: NDArray[np.float64] = grid.affine[:3, :3] / np.asarray(grid.spacing_mm)
    return unit
