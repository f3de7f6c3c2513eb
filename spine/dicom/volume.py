"""Frames of one stack made into a volume; every defect of the stack has its code."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spine.dicom.frames import Frame
from spine.dicom.identifiers import is_uid
from spine.dicom.pixels import decode
from spine.dicom.stacks import is_same_orientation, is_same_size
from spine.dicom.study import FramePlane
from spine.errors import Code, GeometryError, UnsuitableSeriesError
from spine.imaging.orientation import canonical
from spine.imaging.volume import Affine, Volume


@dataclass(frozen=True, slots=True)
class VolumeLimits:
    """What a stack must satisfy.

    Attributes
    ----------
    minimum_slices : fewer cannot show the vertebrae from side to side
    maximum_pixels : Rows x Columns x Frames of all instances together, checked before decoding;
        the default is 512 MiB of float32
    spacing_tolerance : by how much of the median a slice distance may differ from it
    """

    minimum_slices: int = 5
    maximum_pixels: int = 2**27
    spacing_tolerance: float = 0.1


def volume_from_frames(
    frames: Sequence[Frame], limits: VolumeLimits
) -> tuple[Volume, tuple[FramePlane, ...]]:
    """Sort a stack along its normal, decode and rescale it.

    Returns
    -------
    volume : canonical orientation, native spacing
    planes : in the order of the volume's slice axis

    Raises
    ------
    GeometryError
        ``GEOMETRY_ABSENT``, ``MIXED_GEOMETRY``, ``MIXED_ORIENTATIONS``, ``DUPLICATE_POSITIONS``
        or ``MISSING_SLICES``.
    UnsuitableSeriesError
        ``TOO_LARGE``, ``TOO_FEW_SLICES``, ``UNDECODABLE``, ``NOT_FINITE`` or ``CONSTANT_PIXELS``.
    """
    _require_size(frames, limits)
    planes = _parallel_planes(frames)
    order = np.argsort([plane.affine[:3, 3] @ planes[0].affine[:3, 2] for plane in planes])
    planes = [planes[index] for index in order]
    affine = _stack_affine(planes, frames[0].number("SpacingBetweenSlices"), limits)
    pixels = decode([frames[index] for index in order])
    volume = canonical(Volume(pixels, affine))
    _require_usable(volume.data)
    is_reversed = _slice_direction(volume.affine, affine) < 0
    return volume, tuple(reversed(planes) if is_reversed else planes)


def _require_size(frames: Sequence[Frame], limits: VolumeLimits) -> None:
    instances = {frame.instance.sop_instance_uid: frame for frame in frames}
    pixels = sum(_announced_pixels(frame) for frame in instances.values())
    if pixels > limits.maximum_pixels:
        raise UnsuitableSeriesError(
            Code.TOO_LARGE, f"{pixels} pixels are more than {limits.maximum_pixels}"
        )
    if len(frames) < limits.minimum_slices:
        raise UnsuitableSeriesError(
            Code.TOO_FEW_SLICES, f"{len(frames)} slices are fewer than {limits.minimum_slices}"
        )


def _announced_pixels(frame: Frame) -> int:
    """Return Rows x Columns x Frames of a frame's instance, as its header tells."""
    rows, columns = frame.number("Rows") or 0, frame.number("Columns") or 0
    return int(rows * columns * (frame.number("NumberOfFrames") or 1))


def _parallel_planes(frames: Sequence[Frame]) -> list[FramePlane]:
    planes = [frame.plane for frame in frames if frame.plane is not None]
    if len(planes) < len(frames):
        raise GeometryError(
            Code.GEOMETRY_ABSENT, "a slice has no valid position, orientation or pixel spacing"
        )
    _require_one_frame_of_reference(frames)
    if not all(is_same_orientation(frames[0], frame) for frame in frames):
        raise GeometryError(Code.MIXED_ORIENTATIONS, "the slices are not parallel")
    if not all(is_same_size(frames[0], frame) for frame in frames):
        raise GeometryError(Code.MIXED_GEOMETRY, "the slices differ in size")
    return planes


def _require_one_frame_of_reference(frames: Sequence[Frame]) -> None:
    """Positions count from an origin that the Frame of Reference names (PS3.3 C.7.4.1)."""
    references = {frame.text("FrameOfReferenceUID") for frame in frames}
    if not all(is_uid(reference) for reference in references):
        raise GeometryError(Code.GEOMETRY_ABSENT, "a slice has no valid frame of reference")
    if len(references) > 1:
        raise GeometryError(Code.MIXED_GEOMETRY, "the slices differ in their frame of reference")


def _stack_affine(
    planes: Sequence[FramePlane], announced_mm: float | None, limits: VolumeLimits
) -> Affine:
    """Return the affine of (slice, row, column), planes sorted; refuse uneven stacks."""
    origins = np.array([plane.affine[:3, 3] for plane in planes])
    typical = _slice_spacing(np.diff(origins @ planes[0].affine[:3, 2]), announced_mm)
    step = (origins[-1] - origins[0]) / (len(planes) - 1)
    even = origins[0] + np.arange(len(planes))[:, None] * step
    is_sheared = np.linalg.norm(np.cross(step, planes[0].affine[:3, 2])) > 0.1 * typical
    if np.abs(origins - even).max() > limits.spacing_tolerance * typical or is_sheared:
        raise GeometryError(Code.MIXED_GEOMETRY, "the slices are not evenly stacked")
    affine = np.eye(4)
    affine[:3, 0] = step
    affine[:3, 1] = planes[0].affine[:3, 1]  # next row
    affine[:3, 2] = planes[0].affine[:3, 0]  # next column
    affine[:3, 3] = origins[0]
    return affine


def _slice_spacing(gaps: NDArray[np.float64], announced_mm: float | None) -> float:
    """Return the median distance of slices, mm; refuse doubled positions and holes.

    Spacing Between Slices finds what even gaps hide, such as every second slice lost. Old
    scanners wrote the gap alone into it, so a value below half the distance is not believed.
    """
    typical = float(np.median(gaps))
    if gaps.min() < 0.1 * typical or typical <= 0:
        raise GeometryError(Code.DUPLICATE_POSITIONS, "several slices lie in one position")
    believed = announced_mm is not None and announced_mm > 0.45 * typical
    expected = min(typical, announced_mm) if believed and announced_mm else typical
    if gaps.max() > 1.5 * expected:
        raise GeometryError(
            Code.MISSING_SLICES,
            f"a gap of {gaps.max():.1f} mm among slices {expected:.1f} mm apart",
        )
    return typical


def _require_usable(data: NDArray[np.float32]) -> None:
    if not np.isfinite(data).all():
        raise UnsuitableSeriesError(Code.NOT_FINITE, "rescaling yields values that are no numbers")
    if data.min() == data.max():
        raise UnsuitableSeriesError(Code.CONSTANT_PIXELS, "all pixels have the same value")


def _slice_direction(canonical_affine: Affine, stacked_affine: Affine) -> float:
    """Return whether slices run along (+) or against (-) the canonical axis they became."""
    steps = np.linalg.solve(canonical_affine[:3, :3], stacked_affine[:3, 0])
    return float(steps[np.abs(steps).argmax()])
