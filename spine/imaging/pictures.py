"""A sagittal slice with outlines as an RGB picture, anterior to the left, superior up."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from spine.imaging.volume import Grid, LabelMap, Volume

Color = tuple[int, int, int]
RGB = NDArray[np.uint8]

_OUTLINE_WIDTH = 2


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
    scaled = np.asarray(Image.fromarray(gray).resize(view.size, Image.Resampling.BICUBIC))
    picture: RGB = np.repeat(scaled[..., np.newaxis], 3, axis=2)
    if labels is not None:
        _outline(picture, _plane(labels.data, view), view, colors)
    return picture


def _plane(data: NDArray[np.generic], view: SagittalView) -> NDArray[np.generic]:
    cropped = data[view.slice_index, slice(*view.j), slice(*view.k)]
    # (j, k) = (anterior, superior) -> (rows downward, columns backward).
    return cropped.T[::-1, ::-1]


def _windowed(plane: NDArray[np.generic], whole_slice: NDArray[np.float32]) -> NDArray[np.uint8]:
    low, high = np.percentile(whole_slice, (1.0, 99.5))
    scaled = np.clip((plane.astype(np.float32) - low) / max(high - low, 1e-6), 0, 1)
    gray: NDArray[np.uint8] = np.round(255 * scaled).astype(np.uint8)
    return gray


def _outline(
    picture: RGB, labels: NDArray[np.generic], view: SagittalView, colors: Mapping[int, Color]
) -> None:
    for value in np.unique(labels):
        color = colors.get(int(value))
        if color is None:
            continue
        # Enlarged as a gray mask and cut at one half, so that outlines are smooth, not stairs.
        mask = Image.fromarray(np.where(labels == value, 255, 0).astype(np.uint8))
        large = np.asarray(mask.resize(view.size, Image.Resampling.BILINEAR)) >= 128
        inner = ndimage.binary_erosion(large, iterations=_OUTLINE_WIDTH, border_value=1)
        picture[large & ~inner] = color
