"""The spinal canal as the guide: where bodies end behind and how the spine runs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spine.anatomy.labels import TissueClass
from spine.imaging.volume import LabelMap

Rows = NDArray[np.float64]

SMOOTHING_MM = 8.0
# Without any canal, bodies are taken to begin this far behind the discs' centers:
# half the depth of a lumbar body (docs/anatomy.md, 1.1).
HALF_BODY_MM = 17.0

_CANAL = (TissueClass.CSF, TissueClass.CORD)
_COLUMN = (TissueClass.CERVICAL, TissueClass.THORACIC, TissueClass.LUMBAR, TissueClass.DISC)


@dataclass(frozen=True, slots=True, eq=False)
class Guide:
    """Course of canal and column, one value a row of the superior axis, in grid millimeters.

    Grid millimeters are voxel indices times spacing: the array's own axes, so
    that oblique volumes need no rotation until geometry is reported.

    Attributes
    ----------
    canal_right : center of the canal
    wall_anterior : front wall of the canal; vertebral bodies lie in front of it
    tangent : unit vectors along the column, pointing up, shape (rows, 3)
    spacing_mm : of the grid
    """

    canal_right: Rows
    wall_anterior: Rows
    tangent: NDArray[np.float64]
    spacing_mm: tuple[float, float, float]

    def tangent_at(self, superior_mm: float) -> NDArray[np.float64]:
        """Return the column's direction at a height; nearest row beyond the ends."""
        row = round(superior_mm / self.spacing_mm[2])
        direction: NDArray[np.float64] = self.tangent[np.clip(row, 0, len(self.tangent) - 1)]
        return direction

    def wall_at(self, superior_mm: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return where the canal's front wall lies at heights, grid mm."""
        return self._interpolated(self.wall_anterior, superior_mm)

    def canal_right_at(self, superior_mm: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return where the canal's center lies from left to right at heights, grid mm."""
        return self._interpolated(self.canal_right, superior_mm)

    def _interpolated(self, values: Rows, superior_mm: NDArray[np.floating]) -> NDArray[np.float64]:
        rows = np.arange(len(values)) * self.spacing_mm[2]
        between: NDArray[np.float64] = np.interp(superior_mm, rows, values)
        return between


def guide_from_classes(classes: LabelMap) -> Guide:
    """Follow canal and column from row to row.

    Parameters
    ----------
    classes : values of `TissueClass`, canonical orientation
    """
    spacing = classes.grid.spacing_mm
    column = _row_centers(np.isin(classes.data, _COLUMN), spacing)
    canal = np.isin(classes.data, _CANAL)
    right, wall = _row_centers(canal, spacing)[:, 0], _front_wall(canal, spacing)
    if np.isfinite(wall).sum() < 3:
        right, wall = column[:, 0], column[:, 1] - HALF_BODY_MM
    sigma = SMOOTHING_MM / spacing[2]
    return Guide(
        canal_right=_smooth(right, sigma),
        wall_anterior=_smooth(wall, sigma),
        tangent=_tangents(column, sigma, spacing[2]),
        spacing_mm=spacing,
    )


def body_mask(classes: NDArray[np.uint8], guide: Guide) -> NDArray[np.bool_]:
    """Mark presacral vertebra voxels in front of the canal: bodies without posterior elements."""
    vertebra = (classes >= TissueClass.CERVICAL) & (classes <= TissueClass.LUMBAR)
    anterior_mm = np.arange(classes.shape[1]) * guide.spacing_mm[1]
    in_front: NDArray[np.bool_] = anterior_mm[:, None] > guide.wall_anterior[None, :]
    mask: NDArray[np.bool_] = vertebra & in_front[None]
    return mask


def _row_centers(
    mask: NDArray[np.bool_], spacing: tuple[float, float, float]
) -> NDArray[np.float64]:
    """Return the center (right, anterior) of each row's voxels, NaN in empty rows."""
    counts = mask.sum(axis=(0, 1)).astype(np.float64)
    counts[counts == 0] = np.nan
    right = (np.arange(mask.shape[0]) * spacing[0]) @ mask.sum(axis=1) / counts
    anterior = (np.arange(mask.shape[1]) * spacing[1]) @ mask.sum(axis=0) / counts
    return np.stack([right, anterior], axis=1)


def _front_wall(canal: NDArray[np.bool_], spacing: tuple[float, float, float]) -> Rows:
    """Return the anterior end of each row's canal: its 92nd percentile, robust to stray voxels."""
    columns = canal.sum(axis=0)
    total = columns.sum(axis=0)
    reached = np.cumsum(columns, axis=0) >= 0.92 * total
    wall = reached.argmax(axis=0) * spacing[1]
    return np.where(total > 0, wall, np.nan)


def _smooth(values: Rows, sigma: float) -> Rows:
    """Fill empty rows from their neighbors and smooth; all zero where nothing is known."""
    known = np.flatnonzero(np.isfinite(values))
    if not len(known):
        return np.zeros_like(values)
    filled = np.interp(np.arange(len(values)), known, values[known])
    smooth: Rows = ndimage.gaussian_filter1d(filled, sigma, mode="nearest")
    return smooth


def _tangents(column: NDArray[np.float64], sigma: float, row_mm: float) -> NDArray[np.float64]:
    course = np.stack([_smooth(column[:, axis], 2 * sigma) for axis in range(2)], axis=1)
    slope = np.gradient(course, row_mm, axis=0) if len(course) > 1 else np.zeros_like(course)
    directions = np.concatenate([slope, np.ones((len(slope), 1))], axis=1)
    unit: NDArray[np.float64] = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    return unit
