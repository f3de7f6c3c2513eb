"""Painting structures onto a voxel grid, each only inside its bounding box."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from phantom.frames import Frame
from spine.imaging.volume import Grid

Field = NDArray[np.floating]
Window = tuple[slice, slice, slice] | NDArray[np.intp]

_PIECE_VOXELS = 2**17
_PIECE_LAYERS = 16
"""A piece's arrays stay in the processor's cache, its rows contiguous enough to be read fast."""


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """A box of voxels, or some voxels of one, seen from a structure's frame.

    Attributes
    ----------
    window : index ranges (i, j, k) of a box; else positions in the flattened canvas
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
    color : signal times cover, float32
    cover : from 0 to 1, float32; None where nothing lies beneath
    labels : uint8, None where only the signal is wanted
    softness_mm : width of the ramp that an edge gets: one pixel, for partial volume
    layers : first k and the one behind the last that may be painted
    """

    grid: Grid
    color: Field
    cover: Field | None
    labels: NDArray[np.uint8] | None
    softness_mm: float
    layers: tuple[int, int]

    def pieces(self) -> Iterator["Canvas"]:
        """Yield the same canvas, limited to a few layers after the other."""
        i, j, k = self.grid.shape
        count = max(_PIECE_LAYERS, _PIECE_VOXELS // (i * j))
        for first in range(0, k, count):
            yield replace(self, layers=(first, min(first + count, k)))

    def region(
        self, frame: Frame, low: tuple[float, float, float], high: tuple[float, float, float]
    ) -> Region | None:
        """Return the voxels around a box in a frame, None where the field of view misses it."""
        inverse = np.linalg.inv(self.grid.affine)
        lower, upper = np.array(low), np.array(high)
        world = frame.origin + (lower + upper) / 2 @ frame.axes
        middle = inverse[:3, :3] @ world + inverse[:3, 3]
        reach = np.abs(inverse[:3, :3] @ frame.axes.T) @ ((upper - lower) / 2)
        begin, (*sides, _) = self.layers[0], self.grid.shape
        first = np.maximum(np.floor(middle - reach).astype(int), (0, 0, begin))
        last = np.minimum(np.ceil(middle + reach).astype(int) + 1, (*sides, self.layers[1]))
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

    def only(self, region: Region, mask: NDArray[np.bool_]) -> Region:
        """Return some of a region's voxels: most of a slanting structure's box is outside it."""
        if isinstance(region.window, tuple):
            offsets = (axis.start for axis in region.window)
            index = tuple(n + first for n, first in zip(mask.nonzero(), offsets, strict=True))
            window = (index[0] * self.grid.shape[1] + index[1]) * self.grid.shape[2] + index[2]
        else:
            window = region.window[mask]
        return Region(window, region.right[mask], region.anterior[mask], region.superior[mask])

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
        if distance.size == 0 or distance.min() >= self.softness_mm / 2:
            return
        share = np.clip(0.5 - distance / np.float32(self.softness_mm), 0, 1)
        color = _voxels(self.color, region)
        color[region.window] = _mixed(color[region.window], signal, share)
        if self.cover is not None:
            cover = _voxels(self.cover, region)
            cover[region.window] = _mixed(cover[region.window], 1, share)
        if label is not None and self.labels is not None:
            labels = _voxels(self.labels, region)
            labels[region.window] = np.where(distance < 0, np.uint8(label), labels[region.window])


def _voxels(values: NDArray[Any], region: Region) -> NDArray[Any]:
    """Return a view of a canvas' array that a region's window can index."""
    return values if isinstance(region.window, tuple) else values.reshape(-1)


def _mixed(below: Field, above: Field | float, share: Field) -> Field:
    mixed: Field = share * (above - below)
    mixed += below
    return mixed


def background(grid: Grid, softness_mm: float) -> Canvas:
    """Return an empty canvas beneath which nothing lies, without labels."""
    return Canvas(grid, np.zeros(grid.shape, np.float32), None, None, softness_mm, _all(grid))


def overlay(grid: Grid, softness_mm: float, *, labeled: bool) -> Canvas:
    """Return an empty canvas that is to be laid over another."""
    return Canvas(
        grid,
        np.zeros(grid.shape, np.float32),
        np.zeros(grid.shape, np.float32),
        np.zeros(grid.shape, np.uint8) if labeled else None,
        softness_mm,
        _all(grid),
    )


def _all(grid: Grid) -> tuple[int, int]:
    return 0, grid.shape[2]


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
