"""Where the cells of the age network's last block lie, and which share of heat lies where."""

from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from spine.anatomy.labels import VERTEBRA_LABELS
from spine.anatomy.levels import Level
from spine.imaging.axes import centered_positions, interpolate, linear_weights
from spine.imaging.volume import Grid, LabelMap, Volume
from spine.networks.age_dcnn import POOLS
from spine.preprocessing.age import AgeSpec

# Voxels of the box that a cell covers along anterior, superior and right: 32, 32 and 8.
_ANTERIOR, _SUPERIOR, _RIGHT = (prod(pool[axis] for pool in POOLS) for axis in range(3))

Cells = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Box:
    """What the network was shown, and what it was cut from.

    Attributes
    ----------
    spine : the network's input, float32, shape (1, anterior, superior, right)
    labels : of the volume that it was cut from, canonical
    """

    spine: NDArray[np.float32]
    labels: LabelMap
    spec: AgeSpec


def cell_mm(spec: AgeSpec) -> tuple[float, float]:
    """Return the size of a cell along anterior and superior."""
    _, anterior_mm, superior_mm = spec.spacing_mm
    return _ANTERIOR * anterior_mm, _SUPERIOR * superior_mm


def volume_from_cells(cells: Cells, spec: AgeSpec, grid: Grid) -> Volume:
    """Carry a map of cells back to the grid that the box was cut from, linear between centers.

    Cell c of an axis covers the voxels from c * size to (c + 1) * size - 1 of the box, whatever
    a pooling drops at the end; so its center lies at c * size + (size - 1) / 2. Beyond the
    outermost centers their values hold up to the border of the box; outside it the map is 0.

    Parameters
    ----------
    cells : shape (anterior, superior, right)
    grid : canonical, of the box's center and axes
    """
    sizes = (_RIGHT, _ANTERIOR, _SUPERIOR)
    # (anterior, superior, right) -> (right, anterior, superior)
    data = cells.transpose(2, 0, 1).astype(np.float32)
    if data.shape != tuple(n // size for n, size in zip(spec.shape, sizes, strict=True)):
        raise ValueError(f"a map of {cells.shape} is not that of a box of {spec.shape}")
    # Right last: the map has few cells along it, and grows most there.
    for axis in (1, 2, 0):
        length, spacing = spec.shape[axis], spec.spacing_mm[axis]
        position = centered_positions(grid.shape[axis], grid.spacing_mm[axis], length, spacing)
        center = (position - (sizes[axis] - 1) / 2) / sizes[axis]
        data = interpolate(data, linear_weights(center, data.shape[axis]), axis)
        outside = (position <= -0.5) | (position >= length - 0.5)
        np.moveaxis(data, axis, 0)[outside] = 0
    return Volume(data, grid.affine)


def share_outside_spine(heat: Cells, box: Box) -> float | None:
    """Return the share of heat where the network was shown no spine; None without heat.

    A cell's heat counts as spread evenly over it. The map cannot tell slices apart, so a
    place counts as spine if any slice shows spine there.

    Parameters
    ----------
    heat : not negative, shape (anterior, superior, right)
    """
    # The input is 0 outside the dilated mask, and the mask lies on no grid of the network's.
    shown = (box.spine[0] != 0).any(axis=2)
    anterior, superior, _ = heat.shape
    whole = shown[: anterior * _ANTERIOR, : superior * _SUPERIOR]
    spine = whole.reshape(anterior, _ANTERIOR, superior, _SUPERIOR).mean(axis=(1, 3))
    return _share(heat, 1 - spine)


def share_above_c2(heat: Cells, box: Box) -> float | None:
    """Return the share of heat above the upper end of C2; None without heat or C2."""
    end = _upper_end_of_c2(box)
    if end is None:
        return None
    first = np.arange(heat.shape[1]) * _SUPERIOR - 0.5
    above = np.clip((first + _SUPERIOR - end) / _SUPERIOR, 0, 1)
    return _share(heat, above[np.newaxis])


def _upper_end_of_c2(box: Box) -> float | None:
    """Return where C2 ends along superior, in voxels of the box, whose voxel v ends at v + 0.5."""
    found = (box.labels.data == VERTEBRA_LABELS[Level.C2]).any(axis=(0, 1))
    if not found.any():
        return None
    grid, spec = box.labels.grid, box.spec
    positions = centered_positions(
        grid.shape[2], grid.spacing_mm[2], spec.shape[2], spec.spacing_mm[2]
    )
    half = grid.spacing_mm[2] / spec.spacing_mm[2] / 2
    return float(positions[found.nonzero()[0].max()] + half)


def _share(heat: Cells, part: NDArray[np.float64]) -> float | None:
    """Return which share of the heat lies in a part of each cell, shape (anterior, superior)."""
    plane = heat.sum(axis=2)
    total = float(plane.sum())
    return float((plane * part).sum() / total) if total > 0 else None
