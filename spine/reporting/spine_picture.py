"""The mid-sagittal slice with outlines, and where its levels lie on it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spine.anatomy.labels import DISC_LABELS, VERTEBRA_LABELS
from spine.anatomy.levels import Region
from spine.findings import Findings, Segmentation
from spine.imaging.pictures import SagittalView, draw_slice, fit_view, lay_over
from spine.imaging.volume import Grid, Volume
from spine.reporting.colors import HEAT_COLORS, LABEL_COLORS

_MARGIN_MM = 25.0
_GAP = 12
_SPINE_LABELS = [*VERTEBRA_LABELS.values(), *DISC_LABELS.values()]
_LUMBAR_LABELS = [
    *(value for level, value in VERTEBRA_LABELS.items() if level.region is Region.LUMBAR),
    *(value for level, value in DISC_LABELS.items() if level.is_lumbar),
]

Box = tuple[tuple[int, int], tuple[int, int]]


@dataclass(frozen=True, slots=True)
class LevelName:
    """A level's name and the point (x, y) just in front of its body."""

    name: str
    at: tuple[float, float]


@dataclass(frozen=True, slots=True, eq=False)
class SpinePicture:
    """A drawn slice, uint8 (rows, columns, 3), and names to write on it.

    Attributes
    ----------
    discs : of each disc, the point just behind it
    """

    pixels: NDArray[np.uint8]
    names: tuple[LevelName, ...]
    discs: tuple[LevelName, ...] = ()


def draw_spine(findings: Findings, room: tuple[int, int]) -> tuple[SpinePicture, ...]:
    """Draw the slice through the middle of the spine into (width, height); empty without pixels.

    A whole spine is slender: where half the room is left, the lumbar part follows enlarged.
    """
    segmentation, volume = findings.segmentation, findings.selection.volume
    if isinstance(segmentation, Segmentation):
        return draw_outlined(segmentation, middle_slice(segmentation), room)
    if volume is None:
        return ()
    view = fit_view(volume.grid, volume.grid.shape[0] // 2, _whole(volume.grid), room)
    return (SpinePicture(draw_slice(volume, None, view, {}), ()),)


def draw_heat(
    segmentation: Segmentation, heat: Volume | None, room: tuple[int, int]
) -> SpinePicture:
    """Draw the whole slice through the middle of the spine with a map over it, no outlines.

    Whole, since heat that lies off the spine is what a reader must see.
    """
    volume = segmentation.volume
    view = fit_view(volume.grid, middle_slice(segmentation), _whole(volume.grid), room)
    pixels = draw_slice(volume, None, view, {})
    if heat is not None:
        pixels = lay_over(pixels, heat, view, HEAT_COLORS)
    return SpinePicture(pixels, _level_names(segmentation, view))


def middle_slice(segmentation: Segmentation) -> int:
    """Return the slice (along i) nearest to the mean of the vertebral bodies."""
    grid = segmentation.volume.grid
    centers = [vertebra.center for vertebra in segmentation.geometry.vertebrae]
    if not centers:
        return grid.shape[0] // 2
    index = grid.index_from_world(np.array(centers)).mean(axis=0)
    return int(np.clip(round(float(index[0])), 0, grid.shape[0] - 1))


def draw_outlined(
    segmentation: Segmentation, slice_index: int, room: tuple[int, int]
) -> tuple[SpinePicture, ...]:
    """Draw one slice with outlines as `draw_spine` does."""
    whole = _drawn(segmentation, slice_index, _box(segmentation, _SPINE_LABELS), room)
    spare = room[0] - whole.pixels.shape[1] - _GAP
    lumbar = np.isin(segmentation.labels.data, _LUMBAR_LABELS).any()
    if spare < room[0] // 2 or not lumbar:
        return (whole,)
    box = _box(segmentation, _LUMBAR_LABELS)
    return whole, _drawn(segmentation, slice_index, box, (spare, room[1]))


def _drawn(
    segmentation: Segmentation, slice_index: int, box: Box, room: tuple[int, int]
) -> SpinePicture:
    volume, labels = segmentation.volume, segmentation.labels
    view = fit_view(volume.grid, slice_index, box, room)
    pixels = draw_slice(volume, labels, view, LABEL_COLORS)
    return SpinePicture(pixels, _level_names(segmentation, view), _disc_names(segmentation, view))


def _level_names(segmentation: Segmentation, view: SagittalView) -> tuple[LevelName, ...]:
    names = []
    width, height = view.size
    for vertebra in segmentation.geometry.vertebrae:
        x, y = view.pixel_from_world(np.array(vertebra.center))
        x -= vertebra.width_mm / 2 * view.pixels_per_mm + 10
        if 0 < x < width and 0 < y < height:
            names.append(LevelName(str(vertebra.level), (x, y)))
    return tuple(names)


def _disc_names(segmentation: Segmentation, view: SagittalView) -> tuple[LevelName, ...]:
    names = []
    width, height = view.size
    for disc in segmentation.geometry.discs:
        x, y = view.pixel_from_world(np.array(disc.frame.center))
        x += segmentation.geometry.mean_width_mm / 2 * view.pixels_per_mm + 10
        if 0 < y < height:
            names.append(LevelName(str(disc.level), (min(x, width), y)))
    return tuple(names)


def _whole(grid: Grid) -> Box:
    return (0, grid.shape[1]), (0, grid.shape[2])


def _box(segmentation: Segmentation, values: list[int]) -> Box:
    """Return the (j, k) ranges of some labels with a margin, within the grid."""
    grid = segmentation.labels.grid
    _, j, k = np.nonzero(np.isin(segmentation.labels.data, values))
    if not j.size:
        return _whole(grid)
    _, spacing_j, spacing_k = grid.spacing_mm
    return (
        _padded(j, round(_MARGIN_MM / spacing_j), grid.shape[1]),
        _padded(k, round(_MARGIN_MM / spacing_k), grid.shape[2]),
    )


def _padded(occupied: NDArray[np.intp], margin: int, size: int) -> tuple[int, int]:
    return max(0, int(occupied.min()) - margin), min(size, int(occupied.max()) + 1 + margin)
