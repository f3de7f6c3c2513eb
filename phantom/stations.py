"""A whole spine as a scanner images it in parts: overlapping stations, and what can go wrong.

The source may be a rendered phantom or any other volume. Stations are cut from it as they
lie, or on pixels of their own; each has its own noise, gain and loss of signal at its ends.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spine.imaging.volume import Volume


@dataclass(frozen=True, slots=True)
class StationPlan:
    """How a spine is divided.

    Attributes
    ----------
    count : stations, 2 or 3 as scanners do
    overlap_mm : of neighbors
    offset_pixels : by how much of a pixel the grid of every second station lies lower and
        further back than that of the source
    gains : factor of each station's intensities, head to foot; 1 for those not given
    noise : standard deviation of each station's own noise, as a share of the 95th percentile
    falloff : share of the signal that is lost at a station's ends, but for those of the
        whole, which the source shows as they are; half of it a 24th of the station further in
    """

    count: int = 2
    overlap_mm: float = 60.0
    offset_pixels: float = 0.0
    gains: tuple[float, ...] = ()
    noise: float = 0.0
    falloff: float = 0.0


def cut_stations(volume: Volume, plan: StationPlan, rng: np.random.Generator) -> tuple[Volume, ...]:
    """Cut a volume into stations, head to foot.

    Parameters
    ----------
    volume : canonical orientation

    Raises
    ------
    ValueError
        If the volume is too short for so many stations with such an overlap.
    """
    length = volume.data.shape[2]
    overlap = round(plan.overlap_mm / volume.grid.spacing_mm[2])
    height = -(-(length + (plan.count - 1) * overlap) // plan.count)
    if height >= length or height <= 2 * overlap:
        raise ValueError("the volume is too short for these stations")
    starts = np.linspace(length - height, 0, plan.count).round().astype(int)
    stations = []
    for number, start in enumerate(starts):
        station = _rows(volume, int(start), int(start) + height)
        if number % 2 and plan.offset_pixels:
            station = _between_pixels(station, plan.offset_pixels)
        gain = plan.gains[number] if number < len(plan.gains) else 1.0
        coil = _coil(station, plan.falloff, is_cut=(start > 0, start + height < length))
        stations.append(received(station, gain * coil, plan.noise, rng))
    return tuple(stations)


def received(
    volume: Volume, gain: float | NDArray[np.float64], noise: float, rng: np.random.Generator
) -> Volume:
    """Apply a gain, then add noise, which a magnitude image cannot hold below zero.

    Parameters
    ----------
    gain : one, or along k
    noise : standard deviation, as a share of the 95th percentile
    """
    data = volume.data * gain
    sigma = noise * float(np.percentile(data, 95))
    return Volume(_magnitude(data + rng.normal(0, sigma, data.shape)), volume.affine)


def moved(station: Volume, shift_mm: tuple[float, float, float], turn_degrees: float = 0) -> Volume:
    """Show the patient moved, on the grid that was planned before.

    Parameters
    ----------
    shift_mm : to the right, to anterior and to superior
    turn_degrees : about the left-right axis through the middle of the station
    """
    angle = np.deg2rad(turn_degrees)
    turn = np.array(
        [[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]]
    )
    steps = station.affine[:3, :3]
    center = (np.array(station.data.shape) - 1) / 2
    # A voxel shows what was, seen from the center, at the place turned and shifted back.
    back = np.linalg.inv(steps) @ turn.T
    matrix = back @ steps
    offset = center - matrix @ center - back @ np.asarray(shift_mm)
    data = ndimage.affine_transform(station.data, matrix, offset, order=3, mode="nearest")
    return Volume(_magnitude(data), station.affine)


def mirrored(station: Volume, axis: int = 0) -> Volume:
    """Store a station's pixels in the wrong order along an axis (0: slices)."""
    return Volume(np.ascontiguousarray(np.flip(station.data, axis)), station.affine)


def recontrasted(station: Volume, exponent: float = 0.5) -> Volume:
    """Show bright tissue less bright beside dark tissue, as a shorter echo time does."""
    highest = float(station.data.max())
    return Volume(_magnitude(highest * (station.data / highest) ** exponent), station.affine)


def shaded(station: Volume, depth: float = 0.8) -> Volume:
    """Take signal away from front to back, up to a share of it."""
    profile = 1 - depth * np.linspace(0, 1, station.data.shape[1])[None, :, None]
    return Volume(_magnitude(station.data * profile), station.affine)


def _rows(volume: Volume, first: int, end: int) -> Volume:
    affine = volume.affine.copy()
    affine[:3, 3] = volume.grid.world_from_index(np.array([0, 0, first]))
    return Volume(np.ascontiguousarray(volume.data[:, :, first:end]), affine)


def _between_pixels(station: Volume, pixels: float) -> Volume:
    """Interpolate onto a grid that lies lower and further back by a part of a pixel."""
    offset = np.array([0.0, -pixels, -pixels])
    data = ndimage.shift(station.data, -offset, order=3, mode="nearest")
    affine = station.affine.copy()
    affine[:3, 3] = station.grid.world_from_index(offset)
    return Volume(_magnitude(data), affine)


def _coil(station: Volume, falloff: float, is_cut: tuple[bool, bool]) -> NDArray[np.float64]:
    """Return the signal along k, lower near the lower and the upper end where these are cuts."""
    k = np.arange(station.data.shape[2])
    below, above = (end / len(k) if cut else np.full(len(k), np.inf)
                    for end, cut in zip((k, k[::-1]), is_cut, strict=True))  # fmt: skip
    profile: NDArray[np.float64] = 1 - falloff * np.exp2(-24 * np.minimum(below, above))
    return profile


def _magnitude(data: NDArray[np.floating]) -> NDArray[np.float32]:
    magnitude: NDArray[np.float32] = np.abs(data).astype(np.float32)
    return magnitude
