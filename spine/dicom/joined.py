"""Stations decoded and joined into one volume, or the reason why they are not."""

from collections.abc import Sequence
from itertools import chain

import numpy as np

from spine.dicom.stacks import Stack
from spine.dicom.stations import StationSettings, require_one_acquisition
from spine.dicom.study import FramePlane
from spine.dicom.volume import VolumeLimits, volume_from_frames
from spine.errors import Caution, Code, GeometryError, UnsuitableSeriesError
from spine.imaging.joining import join
from spine.imaging.volume import Volume

# Stacks that were never meant as stations of one spine; nobody need be told that they are not.
_NO_STATIONS = (Code.MIXED_ORIENTATIONS, Code.MIXED_GEOMETRY)


def volume_from_stations(
    stacks: Sequence[Stack], limits: VolumeLimits, settings: StationSettings
) -> tuple[Volume, tuple[tuple[FramePlane, ...], ...]]:
    """Decode stations and join them.

    Parameters
    ----------
    stacks : head to foot

    Returns
    -------
    volume : canonical orientation, on the pixels of the finest station
    planes : of each station along its own slice axis

    Raises
    ------
    GeometryError, UnsuitableSeriesError
        Those of `volume_from_frames` and of `spine.imaging.joining.join`, ``OTHER_SITTING``,
        and ``TOO_LARGE`` where the stations are too large together.
    """
    _require_parallel(stacks, settings.joining.placement.maximum_angle_degrees)
    require_one_acquisition(stacks, settings)
    planes = [frame.plane for frame in chain(*stacks) if frame.plane is not None]
    if sum(plane.rows * plane.columns for plane in planes) > limits.maximum_pixels:
        raise UnsuitableSeriesError(Code.TOO_LARGE, "the stations have too many pixels together")
    decoded = [volume_from_frames(stack, limits) for stack in stacks]
    return join([volume for volume, _ in decoded], settings.joining), tuple(
        frames for _, frames in decoded
    )


def _require_parallel(stacks: Sequence[Stack], maximum_degrees: float) -> None:
    """Refuse slices angled apart before anything else: those of an ordinary examination."""
    normals = [stack[0].plane.affine[:3, 2] for stack in stacks if stack[0].plane is not None]
    cosines = np.clip(np.abs(np.array(normals) @ normals[0]), 0, 1)
    angle = float(np.degrees(np.arccos(cosines)).max())
    if angle > maximum_degrees:
        reason = f"their slices are turned by {angle:.1f} degrees"
        raise GeometryError(Code.MIXED_ORIENTATIONS, reason)


def joined_caution(count: int) -> Caution:
    """Say that no scanner made the volume."""
    return Caution(Code.STATIONS_JOINED, f"The whole spine was joined from {count} stations.")


def refused_caution(error: GeometryError | UnsuitableSeriesError) -> Caution | None:
    """Say why stations were analyzed apart; None where that surprises nobody."""
    if error.code in _NO_STATIONS:
        return None
    return Caution(error.code, f"The stations of the spine were not joined: {error.reason}.")
