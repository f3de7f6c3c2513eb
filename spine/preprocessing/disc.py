"""Disc: P2's region between two vertebrae, aligned with the disc, at a standard size."""

from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from spine.anatomy.geometry import DiscFrame
from spine.anatomy.grades import Scale
from spine.errors import Code, OutOfFieldError
from spine.imaging.resampling import resample
from spine.imaging.volume import Grid, Volume


@dataclass(frozen=True, slots=True)
class DiscSpec:
    """Input of a disc network (docs/adr/0022).

    Attributes
    ----------
    scale : the grades that the network predicts
    height_widths, depth_widths : the region along the spine and anterior-posterior, in
        mean vertebra widths ``w`` (P2, Prediction Pipeline)
    shape : slices, rows, columns; rows and columns divide the region evenly
    slice_spacing_mm : along the lateral axis
    max_outside : largest share of the region that may lie outside the volume
    """

    scale: Scale
    height_widths: float = 1.5
    depth_widths: float = 2.0
    shape: tuple[int, int, int] = (9, 96, 128)
    slice_spacing_mm: float = 4.0
    max_outside: float = 0.25
    kind: Literal["disc"] = "disc"

    @property
    def network_shape(self) -> tuple[int, int, int]:
        """Shape of one network input: slices as channels, rows, columns."""
        return self.shape


def disc_input(
    volume: Volume, frame: DiscFrame, width_mm: float, spec: DiscSpec
) -> NDArray[np.float32]:
    """Cut the region of one disc, aligned with its endplates.

    Parameters
    ----------
    volume : canonical orientation
    frame : center and axes of the disc, mm, RAS+
    width_mm : mean anterior-posterior depth of the vertebrae, the ``w`` of P2

    Returns
    -------
    float32, shape (slices, rows, columns), zero mean and unit SD over the part inside
        Left-most slice, superior row and anterior column first; 0 outside the volume.

    Raises
    ------
    OutOfFieldError
        If more than ``spec.max_outside`` of the region lies outside the volume.

    Source
    ------
    P2, Prediction Pipeline; deviations: docs/adr/0022.
    """
    grid = disc_grid(frame, width_mm, spec)
    inside = _is_inside(volume.grid, grid)
    if 1 - inside.mean() > spec.max_outside:
        raise OutOfFieldError(
            Code.DISC_OUT_OF_FIELD, "Too much of the disc's region lies outside the image."
        )
    region = resample(_neighborhood(volume, grid), grid).data
    seen = region[inside]
    deviation = float(seen.std(dtype=np.float64)) or 1.0
    mean = np.float32(seen.mean(dtype=np.float64))
    return np.where(inside, (region - mean) / np.float32(deviation), np.float32(0))


def disc_grid(frame: DiscFrame, width_mm: float, spec: DiscSpec) -> Grid:
    """Lay the region's sampling points around a disc: axes right, inferior, posterior."""
    _, rows, columns = spec.shape
    # Slices run to the patient's right, rows downwards, columns backwards.
    steps = np.stack(
        [
            np.asarray(frame.lateral) * spec.slice_spacing_mm,
            -np.asarray(frame.superior) * (spec.height_widths * width_mm / rows),
            -np.asarray(frame.anterior) * (spec.depth_widths * width_mm / columns),
        ],
        axis=1,
    )
    affine = np.eye(4)
    affine[:3, :3] = steps
    affine[:3, 3] = np.asarray(frame.center) - steps @ ((np.asarray(spec.shape) - 1) / 2)
    return Grid(spec.shape, affine)


def _is_inside(volume: Grid, grid: Grid) -> NDArray[np.bool_]:
    """Whether each sampling point lies in a voxel of the volume, shape of `grid`."""
    points = np.moveaxis(np.indices(grid.shape, dtype=np.float64), 0, -1)
    index = volume.index_from_world(grid.world_from_index(points))
    beyond = (index < -0.5) | (index > np.asarray(volume.shape) - 0.5)
    return np.logical_not(beyond.any(axis=-1))


def _neighborhood(volume: Volume, grid: Grid, margin: int = 4) -> Volume:
    """Crop a volume to the part that a grid touches, to keep the interpolation small.

    Edge voxels are repeated once, so that sampling points in the outer half of an edge
    voxel get its value rather than a share of the outside.
    """
    corners = np.array(list(product(*((0.0, size - 1.0) for size in grid.shape))))
    index = volume.grid.index_from_world(grid.world_from_index(corners))
    start = np.clip(np.floor(index.min(axis=0)).astype(int) - margin, 0, None)
    stop = np.clip(np.ceil(index.max(axis=0)).astype(int) + margin + 1, 0, volume.data.shape)
    i, j, k = (slice(low, high) for low, high in zip(start, stop, strict=True))
    affine = volume.affine.copy()
    affine[:3, 3] = volume.grid.world_from_index(start - 1)
    return Volume(np.pad(volume.data[i, j, k], 1, mode="edge"), affine)
