"""A structure's midsagittal section, resampled along its own axes.

Lengths are integrals of the resampled mask, so that they are right whatever the angle
between voxels and structure, and whatever the spacing of the grid.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spine.segmentation.discs import Points

STEP_MM = 0.5
# A run of the structure ends where less than this is left of it.
LEAST_SHARE = 0.05
# A structure is seen at a lateral offset where it fills this share of its largest section.
LEAST_SECTION = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """A structure cut out of the grid.

    Attributes
    ----------
    mask : float32, 1 inside, shape (i, j, k)
    offset : index of its first voxel in the grid
    shape : of the whole grid
    """

    mask: NDArray[np.float32]
    offset: NDArray[np.intp]
    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]

    def sees(self, point: Points) -> bool:
        """Whether a point, grid mm, lies inside the sagittal field of view by a voxel."""
        index = (point / np.asarray(self.spacing_mm))[1:]
        return bool((index >= 1).all() and (index <= np.array(self.shape[1:]) - 2).all())


@dataclass(frozen=True, slots=True, eq=False)
class Axes:
    """A structure's own axes in grid millimeters.

    Attributes
    ----------
    origin : shape (3,)
    directions : rows are the unit vectors lateral, anterior, superior
    """

    origin: Points
    directions: NDArray[np.float64]

    def point(self, anterior_mm: float, superior_mm: float) -> Points:
        """Return a point of the midsagittal plane, grid mm."""
        position: Points = self.origin + np.array([anterior_mm, superior_mm]) @ self.directions[1:]
        return position

    def moved(self, anterior_mm: float, superior_mm: float) -> "Axes":
        """Return the axes with another origin."""
        return Axes(self.point(anterior_mm, superior_mm), self.directions)

    def tilted(self, slope: float) -> "Axes":
        """Turn them about the lateral axis until a line that rises by a slope lies flat."""
        lateral, anterior, superior = self.directions
        length = float(np.hypot(1.0, slope))
        turned = (anterior + slope * superior) / length, (superior - slope * anterior) / length
        return Axes(self.origin, np.stack([lateral, *turned]))


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a section extends from its origin in each direction, and sideways, mm."""

    anterior_mm: float
    superior_mm: float
    lateral_mm: float = 2.5


@dataclass(frozen=True, slots=True, eq=False)
class Section:
    """The share of a structure at points of its midsagittal plane, mean over the lateral offsets.

    Attributes
    ----------
    share : shape (anterior, superior), from posterior inferior, the origin in its middle
    anterior_mm, superior_mm : coordinates of its points
    """

    share: NDArray[np.float64]
    anterior_mm: NDArray[np.float64]
    superior_mm: NDArray[np.float64]

    def upward(self) -> NDArray[np.float64]:
        """Return per column how far the structure reaches up from the origin, mm."""
        return _run(self.share[:, self.share.shape[1] // 2 :])

    def downward(self) -> NDArray[np.float64]:
        """Return per column how far the structure reaches down from the origin, mm."""
        return _run(self.share[:, : self.share.shape[1] // 2][:, ::-1])

    def forward(self) -> NDArray[np.float64]:
        """Return per row how far the structure reaches to the front from the origin, mm."""
        return _run(self.share[self.share.shape[0] // 2 :].T)

    def backward(self) -> NDArray[np.float64]:
        """Return per row how far the structure reaches to the back from the origin, mm."""
        return _run(self.share[: self.share.shape[0] // 2][::-1].T)


def patch(
    labels: NDArray[np.uint8], indices: NDArray[np.intp], spacing_mm: tuple[float, float, float]
) -> Patch:
    """Cut a structure out of a label map's grid by the indices of its voxels, shape (n, 3)."""
    first = indices.min(axis=0)
    mask = np.zeros(indices.max(axis=0) - first + 1, np.float32)
    mask[tuple((indices - first).T)] = 1.0
    i, j, k = labels.shape
    return Patch(mask, first, (i, j, k), spacing_mm)


def midsagittal_section(structure: Patch, axes: Axes, reach: Reach) -> Section | None:
    """Resample a structure in its midsagittal plane; None where it is not there.

    Lateral offsets at which the stack of slices does not show the structure are left out.
    """
    lateral = np.linspace(-reach.lateral_mm, reach.lateral_mm, 5)
    anterior, superior = _positions(reach.anterior_mm), _positions(reach.superior_mm)
    offsets = np.stack(np.meshgrid(lateral, anterior, superior, indexing="ij"), axis=-1)
    points = axes.origin + offsets @ axes.directions
    index = points / np.asarray(structure.spacing_mm) - structure.offset
    # Beyond its faces a patch goes on as background; plain "constant" would cut half a voxel off.
    share = ndimage.map_coordinates(
        structure.mask, np.moveaxis(index, -1, 0), order=1, mode="grid-constant", output=np.float64
    )
    filled = share.sum(axis=(1, 2))
    if filled.max() <= 0:
        return None
    seen = share[filled >= LEAST_SECTION * filled.max()]
    return Section(seen.mean(axis=0), anterior, superior)


def _positions(reach_mm: float) -> NDArray[np.float64]:
    """Return the middles of steps on both sides of the origin."""
    count = round(reach_mm / STEP_MM)
    return (np.arange(-count, count, dtype=np.float64) + 0.5) * STEP_MM


def _run(share: NDArray[np.float64]) -> NDArray[np.float64]:
    """Integrate shares, shape (lines, steps), along each line until the structure ends."""
    inside = np.cumprod(share >= LEAST_SHARE, axis=1)
    length: NDArray[np.float64] = (share * inside).sum(axis=1) * STEP_MM
    return length
