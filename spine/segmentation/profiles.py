"""Mean extents of a structure in its midline slices, by area."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spine.imaging.volume import LabelMap
from spine.segmentation.canal import Guide
from spine.segmentation.discs import Points

# Sizes are read within this distance of the canal's center, or on the nearest slice.
MIDLINE_MM = 6.0
# Outer share of a depth left out of heights, where rims and lips are.
RIM_SHARE = 0.1
# Share of a body's height, around its middle, on which its width is read.
WAIST_SHARE = 0.4


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
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


def midline_profile(indices: NDArray[np.intp], labels: LabelMap, guide: Guide) -> Profile:
    """Take the voxels (n, 3) of a structure that lie next to the canal's center."""
    spacing = np.asarray(labels.grid.spacing_mm)
    points = indices * spacing
    canal = float(guide.canal_right_at(points[:, 2].mean()[None])[0])
    offsets = np.abs(points[:, 0] - canal)
    near = offsets <= max(MIDLINE_MM, float(offsets.min()))
    slices = len(np.unique(indices[near, 0]))
    inside = points[near]
    area = float(spacing[1] * spacing[2]) / slices
    return Profile(inside - inside.mean(axis=0), area, spacing)
