"""Centers, axes and sizes of vertebrae and discs, measured on the label map."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spine.anatomy.geometry import (
    DiscFrame,
    DiscGeometry,
    SpineGeometry,
    Vector,
    VertebraGeometry,
)
from spine.anatomy.labels import DISC_BY_LABEL, LEVEL_BY_LABEL
from spine.anatomy.levels import DiscLevel, Level, Region
from spine.imaging.volume import LabelMap
from spine.segmentation.canal import Guide
from spine.segmentation.discs import Points, disc_normal, plane_axes

# Sizes are read within this distance of the canal's center, or on the nearest slice.
MIDLINE_MM = 6.0
# Outer share of a depth left out of heights, where rims and lips are.
RIM_SHARE = 0.1
# Share of a body's height, around its middle, on which its width is read.
WAIST_SHARE = 0.4


def measure(labels: LabelMap, guide: Guide) -> SpineGeometry:
    """Measure every vertebra that lies wholly in view, C1 and the sacrum excepted, and every disc.

    Parameters
    ----------
    labels : values of `spine.anatomy.labels`, canonical orientation
    guide : of the same field of view; its grid may be coarser
    """
    boxes = ndimage.find_objects(labels.data)
    voxels = {
        value: np.argwhere(labels.data[box] == value) + [part.start for part in box]
        for value, box in enumerate(boxes, start=1)
        if box is not None and (value in LEVEL_BY_LABEL or value in DISC_BY_LABEL)
    }
    discs = _discs(labels, voxels, guide)
    vertebrae = _vertebrae(labels, voxels, discs, guide)
    return SpineGeometry(vertebrae, discs, _mean_width(vertebrae))


def _discs(
    labels: LabelMap, voxels: dict[int, NDArray[np.intp]], guide: Guide
) -> tuple[DiscGeometry, ...]:
    found = [
        _disc(DISC_BY_LABEL[value], indices, labels, guide)
        for value, indices in voxels.items()
        if value in DISC_BY_LABEL
    ]
    return tuple(sorted(found, key=lambda disc: disc.level.above.order))


def _disc(
    level: DiscLevel, indices: NDArray[np.intp], labels: LabelMap, guide: Guide
) -> DiscGeometry:
    points = indices * np.asarray(labels.grid.spacing_mm)
    center = points.mean(axis=0)
    tangent = guide.tangent_at(float(center[2]))
    axes = plane_axes(disc_normal(points - center, tangent))
    profile = _midline_profile(indices, labels, guide)
    height = profile.height_mm(axes)
    lateral, anterior, superior = (_world_direction(labels, axis) for axis in axes)
    frame = DiscFrame(_world(labels, center), lateral, anterior, superior)
    return DiscGeometry(level, frame, height)


def _vertebrae(
    labels: LabelMap,
    voxels: dict[int, NDArray[np.intp]],
    discs: tuple[DiscGeometry, ...],
    guide: Guide,
) -> tuple[VertebraGeometry, ...]:
    found = []
    for value, indices in voxels.items():
        level = LEVEL_BY_LABEL.get(value)
        if level is None or level is Level.C1 or level.region is Region.SACRAL:
            continue
        points = indices * np.asarray(labels.grid.spacing_mm)
        body = indices[points[:, 1] > guide.wall_at(points[:, 2])]
        if len(body) and not _is_cut_off(body, labels):
            found.append(_vertebra(level, body, labels, discs, guide))
    return tuple(sorted(found, key=lambda vertebra: vertebra.level.order))


def _vertebra(
    level: Level,
    body: NDArray[np.intp],
    labels: LabelMap,
    discs: tuple[DiscGeometry, ...],
    guide: Guide,
) -> VertebraGeometry:
    center = (body * np.asarray(labels.grid.spacing_mm)).mean(axis=0)
    normals = [
        _grid_direction(labels, disc.frame.superior)
        for disc in discs
        if level in (disc.level.above, disc.level.below)
    ]
    along = np.mean(normals, axis=0) if normals else guide.tangent_at(float(center[2]))
    axes = plane_axes(along / np.linalg.norm(along))
    profile = _midline_profile(body, labels, guide)
    return VertebraGeometry(
        level, _world(labels, center), profile.width_mm(axes), profile.height_mm(axes)
    )


def _is_cut_off(body: NDArray[np.intp], labels: LabelMap) -> bool:
    """Whether the field of view ends within the body."""
    rows = body[:, 2]
    return bool(rows.min() == 0 or rows.max() == labels.data.shape[2] - 1)


def _mean_width(vertebrae: tuple[VertebraGeometry, ...]) -> float:
    """Return P2's w: P2 images the lumbar spine, so lumbar widths where there are any."""
    lumbar = [v.width_mm for v in vertebrae if v.level.region is Region.LUMBAR]
    widths = lumbar or [v.width_mm for v in vertebrae]
    return float(np.mean(widths)) if widths else float("nan")


@dataclass(frozen=True, slots=True, eq=False)
class _Profile:
    """A structure's cut through its midline slices, measured by area.

    Areas over lengths are right on average whatever the angle between voxels and
    structure, where extents of voxel centers are biased by a voxel.

    Attributes
    ----------
    points : grid mm from their center, shape (n, 3)
    area_mm2 : of one voxel in its slice, divided by the number of slices
    """

    points: Points
    area_mm2: float
    spacing_mm: NDArray[np.float64]

    def height_mm(self, axes: NDArray[np.float64]) -> float:
        """Return the mean extent along the superior axis, rims left out."""
        return self._extent(across=axes[1], share=1 - 2 * RIM_SHARE)

    def width_mm(self, axes: NDArray[np.float64]) -> float:
        """Return the mean extent along the anterior axis around mid height."""
        return self._extent(across=axes[2], share=WAIST_SHARE)

    def _extent(self, across: NDArray[np.float64], share: float) -> float:
        """Divide the area of a central strip by its breadth; a voxel on its edge counts in part."""
        position = self.points @ across
        low, high = np.percentile(position, (1, 99))
        half = share * (high - low) / 2
        if half <= 0:
            return 0.0
        voxel = float(np.abs(across[1:]) @ self.spacing_mm[1:])
        offset = np.abs(position - (low + high) / 2)
        counted = np.clip((half - offset) / voxel + 0.5, 0, 1).sum()
        return float(counted * self.area_mm2 / (2 * half))


def _midline_profile(indices: NDArray[np.intp], labels: LabelMap, guide: Guide) -> _Profile:
    spacing = np.asarray(labels.grid.spacing_mm)
    points = indices * spacing
    canal = float(guide.canal_right_at(points[:, 2].mean()[None])[0])
    offsets = np.abs(points[:, 0] - canal)
    near = offsets <= max(MIDLINE_MM, float(offsets.min()))
    slices = len(np.unique(indices[near, 0]))
    inside = points[near]
    area = float(spacing[1] * spacing[2]) / slices
    return _Profile(inside - inside.mean(axis=0), area, spacing)


def _world(labels: LabelMap, center: Points) -> Vector:
    index = center / np.asarray(labels.grid.spacing_mm)
    x, y, z = labels.grid.world_from_index(index)
    return float(x), float(y), float(z)


def _world_direction(labels: LabelMap, direction: Points) -> Vector:
    x, y, z = _directions(labels) @ direction
    return float(x), float(y), float(z)


def _grid_direction(labels: LabelMap, direction: Vector) -> Points:
    grid: Points = _directions(labels).T @ np.asarray(direction)
    return grid


def _directions(labels: LabelMap) -> NDArray[np.float64]:
    """Return the grid's unit axes as columns, world RAS+."""
    unit: NDArray[np.float64] = labels.affine[:3, :3] / np.asarray(labels.grid.spacing_mm)
    return unit
