"""A volume cut into DICOM frames: pixels and their place in LPS coordinates."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from phantom.protocols import Plane
from spine.imaging.orientation import canonical
from spine.imaging.volume import Affine, Volume

# Canonical axes (i, j, k) = right, anterior, superior that become (slice, row, column),
# and whether each is reversed: rows run to posterior or to the feet, columns to the
# left or to posterior (PS3.3 C.7.6.1.1.1); sagittal slices run from right to left as
# scanners number them, axial ones from foot to head.
_LAYOUTS: dict[Plane, tuple[tuple[int, int, int], tuple[bool, bool, bool]]] = {
    Plane.SAGITTAL: ((0, 2, 1), (True, True, True)),
    Plane.CORONAL: ((1, 2, 0), (False, True, True)),
    Plane.AXIAL: ((2, 1, 0), (False, True, True)),
}


@dataclass(frozen=True, slots=True, eq=False)
class FrameStack:
    """Parallel frames.

    Attributes
    ----------
    pixels : uint16, shape (frames, rows, columns)
    orientation : cosines of the row and of the column direction, LPS, length 6
    positions : centers of the first pixels, mm, LPS, shape (frames, 3)
    pixel_spacing_mm : between rows, between columns
    """

    pixels: NDArray[np.uint16]
    slope: float
    orientation: NDArray[np.float64]
    positions: NDArray[np.float64]
    pixel_spacing_mm: tuple[float, float]
    slice_spacing_mm: float


def stack_from_volume(volume: Volume, plane: Plane) -> FrameStack:
    """Cut a volume of any orientation into frames nearest to a plane; nothing is interpolated.

    Raises
    ------
    ValueError
        If the axes are not orthogonal, or an intensity is negative or not finite: DICOM
        frames cannot be sheared, and magnitude images hold no negative values.
    """
    oriented = canonical(volume)
    _require_orthogonal(oriented.affine)
    order, reverse = _LAYOUTS[plane]
    # (right, anterior, superior) -> (slice, row, column)
    data = oriented.data.transpose(order)[tuple(slice(None, None, -1 if r else 1) for r in reverse)]
    lps_from_index = np.diag([-1.0, -1.0, 1.0, 1.0]) @ oriented.affine
    steps = lps_from_index[:3, :3][:, order] * np.where(reverse, -1.0, 1.0)
    first = np.where(reverse, np.asarray(data.shape) - 1, 0)
    corner = lps_from_index[:3, :3][:, order] @ first + lps_from_index[:3, 3]
    spacing = np.linalg.norm(steps, axis=0)
    pixels, slope = _quantize(data)
    return FrameStack(
        pixels=pixels,
        slope=slope,
        orientation=np.concatenate([steps[:, 2] / spacing[2], steps[:, 1] / spacing[1]]),
        positions=corner + np.arange(data.shape[0])[:, None] * steps[:, 0],
        pixel_spacing_mm=(float(spacing[1]), float(spacing[2])),
        slice_spacing_mm=float(spacing[0]),
    )


def _require_orthogonal(affine: Affine) -> None:
    axes = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    if not np.allclose(axes.T @ axes, np.eye(3), atol=1e-4):
        raise ValueError("the volume's axes are not orthogonal")


def _quantize(data: NDArray[np.float32]) -> tuple[NDArray[np.uint16], float]:
    """Store whole numbers up to 12 bits as they are, anything else scaled to 12 bits."""
    if not np.isfinite(data).all() or data.min() < 0:
        raise ValueError("intensities must be finite and not negative")
    highest = float(data.max())
    whole = highest <= 4095 and bool((data == np.round(data)).all())
    slope = 1.0 if whole or highest == 0 else highest / 4095
    return np.round(data / slope).astype(np.uint16), slope
