"""Local coordinate frames: where a structure lies and how it is turned."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Point = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """A structure's own axes.

    Attributes
    ----------
    origin : mm, RAS+, shape (3,)
    axes : rows are the unit vectors right, anterior, superior, shape (3, 3)
    """

    origin: Point
    axes: NDArray[np.float64]

    def world(self, right: float, anterior: float, superior: float) -> Point:
        """Return the world position of a local point."""
        point: Point = self.origin + self.axes.T @ np.array([right, anterior, superior])
        return point

    def moved(self, right: float, anterior: float, superior: float) -> "Frame":
        """Return the frame with its origin at a local point."""
        return Frame(self.world(right, anterior, superior), self.axes)


WORLD = Frame(np.zeros(3), np.eye(3))


def tilted_axes(sagittal: float, lateral: float) -> NDArray[np.float64]:
    """Return axes whose superior axis leans forward and to the right by angles in radians."""
    superior = np.array(
        [np.sin(lateral), np.cos(lateral) * np.sin(sagittal), np.cos(lateral) * np.cos(sagittal)]
    )
    anterior = np.array([0.0, np.cos(sagittal), -np.sin(sagittal)])
    right = np.cross(anterior, superior)
    return np.stack([right, anterior, superior])
