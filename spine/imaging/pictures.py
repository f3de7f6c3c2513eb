"""A sagittal slice with outlines as an RGB picture, anterior to the left, superior up."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from spine.imaging.resampling import resample_labels
from spine.imaging.volume import Grid, LabelMap, Volume

Color = tuple[int, int, int]
RGB = NDArray[np.uint8]

_OUTLINE_WIDTH = 2
# Of a map over a picture, from this value on: the anatomy below it stays visible.
_OPACITY, _OPAQUE_FROM = 0.55, 0.2


@dataclass(frozen=True, slots=True, eq=False)
class SagittalView:
    """One slice of a canonical grid, cropped and scaled to true proportions.

    Attributes
    ----------
    slice_index : along i, the patient's left-most slice first
    j, k : half-open ranges of voxels shown, (first, end)
    pixels_per_mm : the same along both axes of the picture
    """

    grid: Grid
    slice_index: int
    j: tuple[int, int]
    k: tuple[int, int]
    pixels_per_mm: float

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the picture in pixels."""
        _, spacing_j, spacing_k = self.grid.spacing_mm
        width = (self.j[1] - self.j[0]) * spacing_j * self.pixels_per_mm
        height = (self.k[1] - self.k[0]) * spacing_k * self.pixels_per_mm
        return max(1, round(width)), max(1, round(height))

    def pixel_from_world(self, world: NDArray[np.floating]) -> tuple[float, float]:
        """Map a world point (mm, RAS+) to (x, y) of the picture; it may lie outside."""
        _, j, k = self.grid.index_from_world(world)
        width, height = self.size
        # Voxel centers are integers, so voxel j spans j - 0.5 to j + 0.5.
        x = (self.j[1] - 0.5 - j) / (self.j[1] - self.j[0]) * width
        y = (self.k[1] - 0.5 - k) / (self.k[1] - self.k[0]) * height
        return float(x), float(y)


def fit_view(
    grid: Grid,
    slice_index: int,
    box: tuple[tuple[int, int], tuple[int, int]],
    room: tuple[int, int],
) -> SagittalView:
    """Choose the scale at which a box of voxels, ((j, j), (k, k)), fills a room (width, height)."""
    _, spacing_j, spacing_k = grid.spacing_mm
    (j_first, j_end), (k_first, k_end) = box
    per_mm = min(
        room[0] / ((j_end - j_first) * spacing_j), room[1] / ((k_end - k_first) * spacing_k)
    )
    return SagittalView(grid, slice_index, box[0], box[1], per_mm)


def draw_slice(
    volume: Volume, labels: LabelMap | None, view: SagittalView, colors: Mapping[int, Color]
) -> RGB:
    """Draw one slice in gray with the outlines of its labels.

    Parameters
    ----------
    volume : canonical orientation
    labels : on the same grid; labels without a color are not outlined
    view : which part, how large

    Returns
    -------
    uint8, shape (rows, columns, 3)
    """
    gray = _windowed(_plane(volume.data, view), volume.data[view.slice_index])
    picture = _enlarged(gray, view.size)
    if labels is not None:
        _outline(picture, _plane(labels.data, view), colors)
    return picture


def draw_region(
    region: Volume, labels: LabelMap, room: tuple[int, int], colors: Mapping[int, Color]
) -> RGB:
    """Draw the middle slice of a region whose axes run right, inferior, posterior.

    Parameters
    ----------
    labels : on any grid; carried onto the region
    room : (width, height) that the picture fills along one side, in true proportions

    Returns
    -------
    uint8, shape (rows, columns, 3); anterior to the left, superior up
    """
    middle = region.data.shape[0] // 2
    affine = region.affine.copy()
    affine[:3, 3] = region.grid.world_from_index(np.array([middle, 0, 0]))
    plane = region.data[middle]
    outlined = resample_labels(labels, Grid((1, *plane.shape), affine)).data[0]
    _, row_mm, column_mm = region.grid.spacing_mm
    rows, columns = plane.shape
    per_mm = min(room[0] / (columns * column_mm), room[1] / (rows * row_mm))
    size = max(1, round(columns * column_mm * per_mm)), max(1, round(rows * row_mm * per_mm))
    picture = _enlarged(_windowed(plane, plane), size)
    _outline(picture, outlined, colors)
    return picture


def lay_over(picture: RGB, heat: Volume, view: SagittalView, colors: NDArray[np.uint8]) -> RGB:
    """Lay a map of 0 to 1 over a drawn slice; where it is 0 the slice stays as it is.

    Parameters
    ----------
    picture : of the same view
    heat : on the grid of the view
    colors : see `tint`
    """
    plane = np.ascontiguousarray(_plane(heat.data, view).astype(np.float32))
    large = Image.fromarray(plane).resize(view.size, Image.Resampling.BILINEAR)
    return tint(picture, np.clip(np.asarray(large), 0, 1), colors)


def tint(picture: RGB, values: NDArray[np.float32], colors: NDArray[np.uint8]) -> RGB:
    """Color a picture by values of 0 to 1; faint ones fade out, so that no border appears at 0.

    Parameters
    ----------
    picture, values : same rows and columns
    colors : uint8, shape (stops, 3), from 0 to 1 at even distances
    """
    stops = np.linspace(0, 1, len(colors))
    color = np.stack([np.interp(values, stops, colors[:, c]) for c in range(3)], axis=-1)
    weight = _OPACITY * np.minimum(values / _OPAQUE_FROM, 1)[..., np.newaxis]
    mixed: RGB = np.round(picture * (1 - weight) + color * weight).astype(np.uint8)
    return mixed


def _plane(data: NDArray[np.generic], view: SagittalView) -> NDArray[np.generic]:
    cropped = data[view.slice_index, slice(*view.j), slice(*view.k)]
    # (j, k) = (anterior, superior) -> (rows downward, columns backward).
    return cropped.T[::-1, ::-1]


def _windowed(plane: NDArray[np.generic], whole_slice: NDArray[np.float32]) -> NDArray[np.uint8]:
    low, high = np.percentile(whole_slice, (1.0, 99.5))
    scaled = np.clip((plane.astype(np.float32) - low) / max(high - low, 1e-6), 0, 1)
    gray: NDArray[np.uint8] = np.round(255 * scaled).astype(np.uint8)
    return gray


def _enlarged(gray: NDArray[np.uint8], size: tuple[int, int]) -> RGB:
    scaled = np.asarray(Image.fromarray(gray).resize(size, Image.Resampling.BICUBIC))
    picture: RGB = np.repeat(scaled[..., np.newaxis], 3, axis=2)
    return picture


def _outline(picture: RGB, labels: NDArray[np.generic], colors: Mapping[int, Color]) -> None:
    for value in np.unique(labels):
        color = colors.get(int(value))
        if color is None:
            continue
        mask = labels == value
        part = _surroundings(mask, picture.shape)
        # Enlarged as a gray mask and cut at one half, so that outlines are smooth, not stairs.
        large = _resized_part(mask, picture.shape, part) >= 128
        inner = ndimage.binary_erosion(large, iterations=_OUTLINE_WIDTH, border_value=1)
        picture[part][large & ~inner] = color


def _surroundings(mask: NDArray[np.bool_], shape: tuple[int, ...]) -> tuple[slice, slice]:
    """Return the rows and columns of the enlarged picture in which a mask and its outline lie."""
    found = []
    for axis in (0, 1):
        inside = np.flatnonzero(mask.any(axis=1 - axis))
        larger, room = shape[axis] / mask.shape[axis], _OUTLINE_WIDTH + 1
        first, last = int(inside[0] * larger), math.ceil((inside[-1] + 1) * larger)
        found.append(slice(max(0, first - room), min(shape[axis], last + room)))
    return found[0], found[1]


def _resized_part(
    mask: NDArray[np.bool_], shape: tuple[int, ...], part: tuple[slice, slice]
) -> NDArray[np.uint8]:
    """Return a part of a mask resized to a shape, 0 to 255, without resizing the rest."""
    rows, columns = part
    down, across = mask.shape[0] / shape[0], mask.shape[1] / shape[1]
    box = columns.start * across, rows.start * down, columns.stop * across, rows.stop * down
    size = columns.stop - columns.start, rows.stop - rows.start
    gray = Image.fromarray(np.where(mask, 255, 0).astype(np.uint8))
    return np.asarray(gray.resize(size, Image.Resampling.BILINEAR, box=box))
