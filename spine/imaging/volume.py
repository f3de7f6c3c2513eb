"""A volume and a label map: an array and the affine that places it in the world."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Affine = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Where voxels lie.

    Attributes
    ----------
    shape : (i, j, k)
    affine : 4 x 4, voxel indices (of voxel centers) to world mm, RAS+
    """

    shape: tuple[int, int, int]
    affine: Affine

    def __post_init__(self) -> None:
        if self.affine.shape != (4, 4):
            raise ValueError(f"affine has shape {self.affine.shape}, not (4, 4)")

    @property
    def spacing_mm(self) -> tuple[float, float, float]:
        """Distance between neighboring voxel centers along i, j and k."""
        i, j, k = np.linalg.norm(self.affine[:3, :3], axis=0)
        return float(i), float(j), float(k)

    def world_from_index(self, index: NDArray[np.floating]) -> NDArray[np.float64]:
        """Map voxel indices, shape (..., 3), to world mm, RAS+."""
        world: NDArray[np.float64] = np.asarray(index) @ self.affine[:3, :3].T + self.affine[:3, 3]
        return world

    def index_from_world(self, world: NDArray[np.floating]) -> NDArray[np.float64]:
        """Map world mm, RAS+, shape (..., 3), to fractional voxel indices."""
        inverse = np.linalg.inv(self.affine)
        index: NDArray[np.float64] = np.asarray(world) @ inverse[:3, :3].T + inverse[:3, 3]
        return index

    def matches(self, other: "Grid") -> bool:
        """Whether both place their voxels alike, within a micrometer."""
        return self.shape == other.shape and np.allclose(self.affine, other.affine, atol=1e-3)


@dataclass(frozen=True, slots=True, eq=False)
class Volume:
    """Intensities.

    Attributes
    ----------
    data : float32, shape (i, j, k)
    affine : 4 x 4, voxel indices to world mm, RAS+
    """

    data: NDArray[np.float32]
    affine: Affine

    def __post_init__(self) -> None:
        if self.data.ndim != 3 or self.data.dtype != np.float32:
            raise ValueError(f"expected 3D float32, got {self.data.ndim}D {self.data.dtype}")

    @property
    def grid(self) -> Grid:
        return Grid(_shape3(self.data), self.affine)


@dataclass(frozen=True, slots=True, eq=False)
class LabelMap:
    """Integers by the table of `spine.anatomy.labels`.

    Attributes
    ----------
    data : uint8, shape (i, j, k)
    affine : 4 x 4, voxel indices to world mm, RAS+
    """

    data: NDArray[np.uint8]
    affine: Affine

    def __post_init__(self) -> None:
        if self.data.ndim != 3 or self.data.dtype != np.uint8:
            raise ValueError(f"expected 3D uint8, got {self.data.ndim}D {self.data.dtype}")

    @property
    def grid(self) -> Grid:
        return Grid(_shape3(self.data), self.affine)


def _shape3(data: NDArray[np.generic]) -> tuple[int, int, int]:
    i, j, k = data.shape
    return i, j, k
