"""Frames and voxels in the world: RAS+ mm inside, LPS only in the elements of DICOM."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spine.dicom.study import FramePlane
from spine.errors import Code, GeometryError
from spine.imaging.volume import Affine, LabelMap, Volume

_Value = TypeVar("_Value", bound=np.generic)

# DICOM's patient coordinates run to the left, to posterior and to the head (PS3.3 C.7.6.2.1.1).
_RAS_FROM_LPS = np.diag([-1.0, -1.0, 1.0])

# A voxel may lie this far, in voxels, from the pixel it came from: positions are written
# with 16 characters, and slices that differ by up to a tenth of their spacing form a volume.
_ALIGNMENT_TOLERANCE = 0.25


def affine_from_plane(
    orientation: ArrayLike, position: ArrayLike, pixel_spacing: ArrayLike
) -> NDArray[np.float64]:
    """Place a frame in the world.

    Parameters
    ----------
    orientation : Image Orientation (Patient), cosines of the row, then of the column, LPS
    position : Image Position (Patient), center of the first pixel, mm, LPS
    pixel_spacing : Pixel Spacing, between rows, then between columns, mm

    Returns
    -------
    float64, shape (4, 4)
        (column, row, mm along the normal) to world mm, RAS+; indices of pixel centers.

    Source
    ------
    PS3.3 C.7.6.2.1.1, equation C.7.6.2.1-1.
    """
    cosines = np.asarray(orientation, dtype=np.float64).reshape(2, 3)
    between_rows, between_columns = np.asarray(pixel_spacing, dtype=np.float64)
    normal = np.cross(cosines[0], cosines[1])
    affine = np.eye(4)
    # Along a row the column index grows, in steps of the spacing between columns.
    affine[:3, 0] = _RAS_FROM_LPS @ cosines[0] * between_columns
    affine[:3, 1] = _RAS_FROM_LPS @ cosines[1] * between_rows
    affine[:3, 2] = _RAS_FROM_LPS @ normal
    affine[:3, 3] = _RAS_FROM_LPS @ np.asarray(position, dtype=np.float64)
    return affine


def pixel_from_world(frame: FramePlane, world: ArrayLike) -> tuple[float, float]:
    """Project a world point (mm, RAS+) at right angles onto a frame.

    Returns
    -------
    (column, row)
        Pixel centers at integers, first pixel (0, 0).
    """
    column, row, _ = _frame_coordinates(frame, world)
    return column, row


def scoord_from_world(frame: FramePlane, world: ArrayLike) -> tuple[float, float]:
    """Return a world point (mm, RAS+) as Graphic Data of a SCOORD on a frame.

    Returns
    -------
    (column, row)
        The first pixel's center is (0.5, 0.5): an image-relative position counts from
        the outer corner of that pixel (PS3.3 C.18.6.1.1).
    """
    column, row = pixel_from_world(frame, world)
    return column + 0.5, row + 0.5


def nearest_frame(frames: Sequence[FramePlane], world: ArrayLike) -> FramePlane:
    """Return the frame whose plane lies nearest to a world point (mm, RAS+)."""
    return min(frames, key=lambda frame: abs(_frame_coordinates(frame, world)[2]))


def inset_mm(frame: FramePlane, world: ArrayLike) -> float:
    """Return how far within a frame's borders a world point projects, mm; negative outside."""
    column, row = pixel_from_world(frame, world)
    width, height = np.linalg.norm(frame.affine[:3, :2], axis=0)
    across = min(column, frame.columns - 1 - column) * width
    return float(min(across, min(row, frame.rows - 1 - row) * height))


def nearest_labels(labels: LabelMap, frames: Sequence[FramePlane]) -> NDArray[np.uint8]:
    """Give each pixel of frames the label of the nearest voxel; 0 beyond the labels.

    For the frames of stations, whose pixels may lie between the voxels of the joined volume.

    Returns
    -------
    uint8, shape (frames, rows, columns)
        In the order of `frames`, which are of equal size.
    """
    return np.stack([_nearest_plane(labels.data, labels.affine, frame) for frame in frames])


def nearest_values(volume: Volume, frames: Sequence[FramePlane]) -> NDArray[np.float32]:
    """Give each pixel of frames the value of the nearest voxel; see `nearest_labels`."""
    return np.stack([_nearest_plane(volume.data, volume.affine, frame) for frame in frames])


def planes_from_labels(labels: LabelMap, frames: Sequence[FramePlane]) -> NDArray[np.uint8]:
    """Give the labels back to the frames they came from, without interpolation.

    Parameters
    ----------
    labels : on the grid of the volume that was made from `frames`
    frames : planes of equal size, in any order

    Returns
    -------
    uint8, shape (frames, rows, columns)
        In the order of `frames`.

    Raises
    ------
    GeometryError
        If a frame's pixels are not voxels of the labels.
    """
    return np.stack([_plane(labels.data, labels.affine, frame) for frame in frames])


def planes_from_volume(volume: Volume, frames: Sequence[FramePlane]) -> NDArray[np.float32]:
    """Give a map of the volume's grid back to the frames; see `planes_from_labels`.

    Returns
    -------
    float32, shape (frames, rows, columns)
    """
    return np.stack([_plane(volume.data, volume.affine, frame) for frame in frames])


def _frame_coordinates(frame: FramePlane, world: ArrayLike) -> tuple[float, float, float]:
    point = np.append(np.asarray(world, dtype=np.float64), 1.0)
    column, row, distance = np.linalg.solve(frame.affine, point)[:3]
    return float(column), float(row), float(distance)


def _plane(data: NDArray[_Value], affine: Affine, frame: FramePlane) -> NDArray[_Value]:
    """Cut a frame out of a grid, as a view: one axis is fixed, one follows the columns, one the
    rows.
    """
    steps = _voxel_steps(affine, frame)
    last = steps @ [frame.columns - 1, frame.rows - 1, 1]
    lowest, highest = np.minimum(steps[:, 2], last), np.maximum(steps[:, 2], last)
    if (lowest < 0).any() or (highest >= data.shape).any():
        raise GeometryError(Code.MIXED_GEOMETRY, "a frame reaches beyond the grid of the volume")
    counts = np.abs(steps[:, :2]) @ [frame.columns, frame.rows]
    along = steps[:, 0] + steps[:, 1]
    plane = data[tuple(map(_run, steps[:, 2].tolist(), along.tolist(), counts.tolist()))]
    column_axis, row_axis = np.abs(steps[:, :2]).argmax(axis=0)
    # (rows, columns), whichever of the two axes comes first in the grid.
    return plane.T if column_axis < row_axis else plane


def _voxel_steps(affine: Affine, frame: FramePlane) -> NDArray[np.intp]:
    """Return the 3 x 3 of (column, row, 1) -> (i, j, k)."""
    exact = (np.linalg.inv(affine) @ frame.affine)[:3][:, [0, 1, 3]]
    whole = np.round(exact)
    drift = np.abs(exact - whole) @ [frame.columns, frame.rows, 1]
    if drift.max() > _ALIGNMENT_TOLERANCE or not _are_unit_steps(whole[:, :2]):
        raise GeometryError(Code.MIXED_GEOMETRY, "a frame does not lie on the grid of the volume")
    steps: NDArray[np.intp] = whole.astype(np.intp)
    return steps


def _run(first: int, step: int, count: int) -> int | slice:
    """Select `count` voxels along an axis, forward or backward; the one where there is no step."""
    if step == 0:
        return first
    end = first + step * count
    return slice(first, None if end < 0 else end, step)


def _nearest_plane(data: NDArray[_Value], affine: Affine, frame: FramePlane) -> NDArray[_Value]:
    rows, columns = np.indices((frame.rows, frame.columns))
    pixels = np.stack([columns, rows, np.zeros_like(rows), np.ones_like(rows)])
    exact = np.einsum("ap,prc->arc", (np.linalg.inv(affine) @ frame.affine)[:3], pixels)
    # Rounded before, so that a pixel midway between two voxels does not go this way and that.
    nearest = np.floor(np.round(exact, 4) + 0.5).astype(np.intp)
    inside = ((nearest >= 0) & (nearest < np.reshape(data.shape, (3, 1, 1)))).all(axis=0)
    plane = np.zeros((frame.rows, frame.columns), dtype=data.dtype)
    i, j, k = nearest[:, inside]
    plane[inside] = data[i, j, k]
    return plane


def _are_unit_steps(steps: NDArray[np.float64]) -> bool:
    """Whether both columns, shape (3, 2), step one voxel along different axes."""
    sizes = np.abs(steps)
    return bool((sizes.sum(axis=0) == 1).all() and sizes.sum(axis=1).max() == 1)
