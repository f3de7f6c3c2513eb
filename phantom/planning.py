"""Planning: where a technician puts the stack of slices."""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from phantom.curve import Skeleton
from phantom.protocols import Coverage, Plane, Protocol
from spine.anatomy.levels import Level
from spine.imaging.volume import Grid


def plan_grid(protocol: Protocol, skeleton: Skeleton, rng: np.random.Generator) -> Grid:
    """Place a protocol's stack on a spine, a few millimeters off as in practice.

    Returns
    -------
    grid with axes (i, j, k) nearest to right, anterior, superior; shape (slices, columns, rows)
    for sagittal, (columns, slices, rows) for coronal, (columns, rows, slices) for axial
    """
    shape, spacing = _shape_and_spacing(protocol)
    center = _center(protocol, skeleton) + rng.normal(0, (1.5, 4.0, 5.0))
    affine = np.eye(4)
    affine[:3, :3] = _rotation(protocol) * np.asarray(spacing)
    affine[:3, 3] = center - affine[:3, :3] @ ((np.asarray(shape) - 1) / 2)
    return Grid(shape, affine)


def _shape_and_spacing(
    protocol: Protocol,
) -> tuple[tuple[int, int, int], tuple[float, float, float]]:
    n, rows, columns = protocol.slices, protocol.rows, protocol.columns
    pixel, gap = protocol.pixel_spacing_mm, protocol.slice_spacing_mm
    layouts = {
        Plane.SAGITTAL: ((n, columns, rows), (gap, pixel, pixel)),
        Plane.CORONAL: ((columns, n, rows), (pixel, gap, pixel)),
        Plane.AXIAL: ((columns, rows, n), (pixel, pixel, gap)),
    }
    return layouts[protocol.plane]


def _center(protocol: Protocol, skeleton: Skeleton) -> NDArray[np.float64]:
    """Center of the field of view: the spine lies in its posterior half."""
    if protocol.coverage is Coverage.LUMBAR:
        lumbar = [b.frame.origin for b in skeleton.bodies if b.state.level.value[0] == "L"]
        parts = np.array([*lumbar, skeleton.sacrum[0].frame.origin])
        forward = 5.0 if protocol.plane is Plane.SAGITTAL else 15.0
    elif protocol.coverage is Coverage.CERVICAL:
        top = [b.frame.origin for b in skeleton.bodies if b.state.level.value[0] == "C"]
        parts, forward = np.array([*top, skeleton.body(Level.T2).frame.origin]), 10.0
    else:
        ends = [skeleton.bodies[0].frame.world(0, 0, 30), skeleton.sacrum[-1].frame.origin]
        middle = np.mean([b.frame.origin for b in skeleton.bodies], axis=0)
        parts = np.array([middle, middle])
        parts[:, 2] = [end[2] for end in ends]
        forward = 35.0
    center: NDArray[np.float64] = (parts.min(axis=0) + parts.max(axis=0)) / 2
    center[0] = parts[:, 0].mean()
    center[1] += forward
    return center


def _rotation(protocol: Protocol) -> NDArray[np.float64]:
    """Columns: unit vectors of (i, j, k), tilted, then turned about superior and anterior."""
    about_superior, about_anterior = protocol.oblique_degrees
    # Small letters: about fixed axes, one after the other.
    turns = Rotation.from_euler(
        "xzy", (protocol.tilt_degrees, about_superior, about_anterior), degrees=True
    )
    matrix: NDArray[np.float64] = turns.as_matrix()
    return matrix
