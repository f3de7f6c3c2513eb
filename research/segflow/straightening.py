"""The column laid out straight: s runs up along the canal, t forward from the bodies' back wall."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import KDTree

from research.segflow.canal import CanalPath
from research.segflow.images import PIXEL_MM, WorkImage

# The straightened image: pixels of 1 mm, from behind the canal to before the largest body
# (34 mm deep and 8 mm of canal, docs/anatomy.md, 5.2).
BEHIND_MM, BEFORE_MM = 15, 56
# Between the middle of the canal and the back wall of the bodies. Assumption.
WALL_FROM_CANAL_MM = (-2, 16)
# What a step of 1 mm from one row to the next costs, in units of log intensity. Assumption.
WALL_STIFFNESS = 0.02
# Kept of the path: nothing that bends within a vertebra. Assumption.
PATH_SIGMA_MM, DIRECTION_SIGMA_MM = 6.6, 9.4


@dataclass(frozen=True, slots=True, eq=False)
class CanalLine:
    """The canal's course in the sagittal plane, from below upward, every millimeter.

    Attributes
    ----------
    points_mm : (n, 2), anterior and superior of the working grid's voxel (0, 0)
    forward : (n, 2), unit normals
    slices : (n,), index i of the slice that holds the canal
    """

    points_mm: NDArray[np.float64]
    forward: NDArray[np.float64]
    slices: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Straightened:
    """An image along its canal.

    Attributes
    ----------
    data : float32, shape (i, s, t), 1 mm in s and t; t = 0 at the back wall of the bodies
    s_mm, t_mm : (j, k), where each pixel of the working grid lies
    canal_slices : (s,), index i of the slice that holds the canal
    tilt_degrees : (s,), of the canal to the vertical, positive where it falls backward
    first_t : t of the first column of ``data``, negative
    """

    data: NDArray[np.float32]
    s_mm: NDArray[np.float64]
    t_mm: NDArray[np.float64]
    canal_slices: NDArray[np.float64]
    tilt_degrees: NDArray[np.float64]
    first_t: int

    def on_grid(self, rows: NDArray[np.generic]) -> NDArray[np.generic]:
        """Carry a straightened array, shape (i, s, t), back to (i, j, k) by nearest neighbor.

        What lies outside takes the value of the nearest edge.
        """
        s = np.clip(np.rint(self.s_mm).astype(int), 0, rows.shape[1] - 1)
        t = np.clip(np.rint(self.t_mm).astype(int) - self.first_t, 0, rows.shape[2] - 1)
        return rows[:, s, t]


def straighten(image: WorkImage, path: CanalPath) -> Straightened:
    """Lay out an image along its canal."""
    line = canal_line(path, image.data.shape[2])
    sampled = _sampled(image, line, np.arange(-BEHIND_MM, BEFORE_MM))
    wall = back_wall(sampled)
    reach = np.arange(-8, BEFORE_MM - WALL_FROM_CANAL_MM[1])
    columns = wall[:, np.newaxis] + reach + BEHIND_MM
    columns = np.clip(columns, 0, sampled.shape[2] - 1)
    data = np.take_along_axis(sampled, columns[np.newaxis].repeat(len(sampled), 0), axis=2)
    s_mm, t_mm = _positions(image, line)
    t_mm -= wall[s_mm.astype(int)]
    tilt = np.rad2deg(np.arctan2(-line.forward[:, 1], line.forward[:, 0]))
    return Straightened(data, s_mm, t_mm, line.slices, tilt, int(reach[0]))


def canal_line(path: CanalPath, rows_above: int) -> CanalLine:
    """Smooth a path, lead it to the top row, sample it every millimeter."""
    rows = np.unique(path.points[:, 2])
    middle = np.array([path.points[path.points[:, 2] == row, :2].mean(0) for row in rows])
    upward = np.arange(rows[0], rows_above)
    sigma = PATH_SIGMA_MM / PIXEL_MM
    slices, anterior = (
        ndimage.gaussian_filter1d(np.interp(upward, rows, values), sigma, mode="nearest")
        for values in middle.T
    )
    length = np.cumsum(np.hypot(np.diff(anterior, prepend=anterior[0]), 1)) * PIXEL_MM
    every_mm = np.arange(length[0], length[-1])
    points = np.stack(
        [np.interp(every_mm, length, values * PIXEL_MM) for values in (anterior, upward)], axis=1
    )
    tangent = ndimage.gaussian_filter1d(
        np.gradient(points, axis=0), DIRECTION_SIGMA_MM, axis=0, mode="nearest"
    )
    tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
    forward = np.stack([tangent[:, 1], -tangent[:, 0]], axis=1)
    return CanalLine(points, forward, np.interp(every_mm, length, slices))


def back_wall(sampled: NDArray[np.float32]) -> NDArray[np.int_]:
    """Find the step from bright canal to dark cortex, in mm before the middle of the canal.

    Parameters
    ----------
    sampled : (i, s, t), t from ``-BEHIND_MM``
    """
    middle = _central(ndimage.gaussian_filter(sampled, 0.7))
    floor = 0.1 * float(np.percentile(middle, 60))
    logs = np.log(np.maximum(middle.mean(0), floor))
    fall = -np.gradient(ndimage.gaussian_filter(logs, (3, 1)), axis=1)
    low, high = (BEHIND_MM + mm for mm in WALL_FROM_CANAL_MM)
    return smooth_path(fall[:, low:high], WALL_STIFFNESS) + WALL_FROM_CANAL_MM[0]


def smooth_path(gain: NDArray[np.float64], stiffness: float) -> NDArray[np.int_]:
    """Return the column of each row on the way of most gain that moves one column a row.

    Parameters
    ----------
    gain : (rows, columns)
    stiffness : the cost of a move
    """
    total = gain.astype(np.float64)
    came_from = np.zeros(gain.shape, dtype=int)
    columns = np.arange(gain.shape[1])
    for row in range(1, len(gain)):
        before = np.pad(total[row - 1], 1, constant_values=-np.inf)
        moves = np.stack([before[:-2] - stiffness, before[1:-1], before[2:] - stiffness])
        came_from[row] = columns + moves.argmax(0) - 1
        total[row] += moves.max(0)
    way = np.empty(len(gain), dtype=int)
    way[-1] = total[-1].argmax()
    for row in range(len(gain) - 1, 0, -1):
        way[row - 1] = came_from[row, way[row]]
    return way


def central_slices(count: int) -> slice:
    """Return the middle half of the slices."""
    return slice(count // 4, max(count // 4 + 1, 3 * count // 4 + 1))


def _central(data: NDArray[np.float32]) -> NDArray[np.float32]:
    return data[central_slices(len(data))]


def _sampled(
    image: WorkImage, line: CanalLine, forward_mm: NDArray[np.int_]
) -> NDArray[np.float32]:
    places = line.points_mm[:, np.newaxis] + line.forward[:, np.newaxis] * forward_mm[:, np.newaxis]
    pixels = (places / PIXEL_MM).transpose(2, 0, 1)
    return np.stack(
        [ndimage.map_coordinates(plane, pixels, order=1, mode="nearest") for plane in image.data]
    )


def _positions(
    image: WorkImage, line: CanalLine
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    shape = image.data.shape[1:]
    pixels = np.indices(shape).reshape(2, -1).T * PIXEL_MM
    _, nearest = KDTree(line.points_mm).query(pixels)
    forward = ((pixels - line.points_mm[nearest]) * line.forward[nearest]).sum(1)
    return nearest.reshape(shape).astype(np.float64), forward.reshape(shape)
