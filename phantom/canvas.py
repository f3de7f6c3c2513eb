"""Painting structures onto a voxel grid, each only inside its bounding box."""

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from phantom.frames import Frame
from spine.imaging.volume import Grid

Field = NDArray[np.floating]
Window = tuple[slice, slice, slice]


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """A box of voxels seen from a structure's frame.

    Attributes
    ----------
    window : index ranges (i, j, k)
    right, anterior, superior : local coordinates of its voxels, mm, shape of the window
    """

    window: Window
    right: Field
    anterior: Field
    superior: Field


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """Signal and labels under construction.

    Attributes
    ----------
    grid : where the samples lie
    color, cover : signal times cover, and cover from 0 to 1, float32
    labels : uint8, None where only the signal is wanted
    softness_mm : width of the ramp that an edge gets: one pixel, for partial volume
    """

    grid: Grid
    color: Field
    cover: Field
    labels: NDArray[np.uint8] | None
    softness_mm: float

    def region(
        self, frame: Frame, low: tuple[float, float, float], high: tuple[float, float, float]
    ) -> Region | None:
        """Return the voxels around a box in a frame, None where the field of view misses it."""
        corners = np.array(
            [frame.world(*corner) for corner in product(*zip(low, high, strict=True))]
        )
        index = self.grid.index_from_world(corners)
        first = np.maximum(np.floor(index.min(axis=0)).astype(int), 0)
        last = np.minimum(np.ceil(index.max(axis=0)).astype(int) + 1, self.grid.shape)
        if (first >= last).any():
            return None
        matrix = frame.axes @ self.grid.affine[:3, :3]
        start = frame.axes @ (self.grid.affine[:3, 3] - frame.origin)
        axes = [np.arange(a, b) for a, b in zip(first, last, strict=True)]
        right, anterior, superior = (
            _plane_field(matrix[row], float(start[row]), axes) for row in range(3)
        )
        i, j, k = (slice(int(a), int(b)) for a, b in zip(first, last, strict=True))
        return Region((i, j, k), right, anterior, superior)

    def paint(
        self, region: Region, distance: Field, signal: Field | float, label: int | None = None
    ) -> None:
        """Lay a structure over what is there.

        Parameters
        ----------
        region : its voxels
        distance : signed, mm, negative inside
        signal : of the structure, a number or one per voxel
        label : value to write inside; 0 erases, None leaves the labels alone
        """
        share = np.clip(0.5 - distance / np.float32(self.softness_mm), 0, 1)
        color, cover = self.color[region.window], self.cover[region.window]
        color += share * (signal - color)
        cover += share * (1 - cover)
        if label is not None and self.labels is not None:
            self.labels[region.window][distance < 0] = label


def blank(grid: Grid, softness_mm: float, *, labeled: bool) -> Canvas:
    """Return an empty canvas."""
    return Canvas(
        grid,
        np.zeros(grid.shape, np.float32),
        np.zeros(grid.shape, np.float32),
        np.zeros(grid.shape, np.uint8) if labeled else None,
        softness_mm,
    )


def _plane_field(row: NDArray[np.float64], start: float, axes: list[NDArray[np.int_]]) -> Field:
    """Return row . (i, j, k) + start over a box, float32, by broadcasting."""
    i, j, k = (np.float32(row[n]) * axes[n].astype(np.float32) for n in range(3))
    field: Field = (i + np.float32(start))[:, None, None] + (j[:, None] + k[None, :])[None]
    return field


def capsule(
    region: Region, start: tuple[float, ...], end: tuple[float, ...], radii: tuple[float, ...]
) -> Field:
    """Return the signed distance to a rounded rod of elliptic section, mm.

    Exact along the smallest radius, too small in magnitude along the others.
    """
    axes = (region.right, region.anterior, region.superior)
    scale = [np.float32(1 / r) for r in radii]
    along = [np.float32((b - a) / r) for a, b, r in zip(start, end, radii, strict=True)]
    offset = [(x - np.float32(a)) * s for x, a, s in zip(axes, start, scale, strict=True)]
    length = sum(float(c) ** 2 for c in along)
    if length > 0:
        t = sum(o * c for o, c in zip(offset, along, strict=True)) / np.float32(length)
        t = np.clip(t, 0, 1)
        offset = [o - t * c for o, c in zip(offset, along, strict=True)]
    square = offset[0] ** 2 + offset[1] ** 2 + offset[2] ** 2
    distance: Field = (np.sqrt(square) - np.float32(1)) * np.float32(min(radii))
    return distance


def ellipsoid(region: Region, center: tuple[float, ...], radii: tuple[float, ...]) -> Field:
    """Return the signed distance to an ellipsoid, mm, with the capsule's approximation."""
    return capsule(region, center, center, radii)
