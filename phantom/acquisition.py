"""From tissue signal to image: coil, bias, k-space, noise."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from phantom.canal import CanalCurve
from phantom.canvas import Field
from phantom.protocols import Plane, Protocol
from spine.imaging.volume import Grid

SLICE_AXIS = {Plane.SAGITTAL: 0, Plane.CORONAL: 1, Plane.AXIAL: 2}
_COARSE = 8


@dataclass(frozen=True, slots=True)
class Imperfections:
    """What one acquisition adds to the signal.

    Attributes
    ----------
    coil_power : gain ~ 1 / (depth + 70 mm) ^ power from the skin of the back; 2.3 without
        correction (lumbar coil, AJNR), near 0 after the vendor's prescan normalization
    ripple : relative height of the coil elements' ripple, period 100 mm
    end_drop : share of the gain lost at the upper and lower end of the field of view
    saturation : share of the signal suppressed in front of the spine, against motion ghosts
    saturation_gap_mm : from the front of the bodies to the band's edge
    bias : relative SD of a smooth field
    noise : SD over the signal of marrow, at the reconstructed pixel
    blur_mm : additional Gaussian sigma in plane (motion)
    """

    coil_power: float
    ripple: float
    end_drop: float
    saturation: float
    saturation_gap_mm: float
    bias: float
    noise: float
    blur_mm: float = 0.0


def draw_imperfections(rng: np.random.Generator) -> Imperfections:
    """Draw an ordinary acquisition: marrow SNR 15 to 35, residual shading (anatomy 4)."""
    return Imperfections(
        coil_power=float(np.clip(1.2 + 0.5 * rng.standard_normal(), 0, 2.3)),
        ripple=float(rng.uniform(0, 0.1)),
        end_drop=float(rng.uniform(0, 0.5)),
        saturation=float(rng.uniform(0.75, 0.97)) if rng.random() < 0.9 else 0.0,
        saturation_gap_mm=float(rng.uniform(1, 16)),
        bias=float(rng.uniform(0.02, 0.10)),
        noise=float(rng.uniform(0.03, 0.065)),
    )


def randomized_imperfections(rng: np.random.Generator) -> Imperfections:
    """Draw a wider range for training: up to four times the ordinary noise and shading."""
    return Imperfections(
        coil_power=float(rng.uniform(-0.3, 2.6)),
        ripple=float(rng.uniform(0, 0.2)),
        end_drop=float(rng.uniform(0, 0.7)),
        saturation=float(rng.uniform(0.3, 1.0)) if rng.random() < 0.6 else 0.0,
        saturation_gap_mm=float(rng.uniform(-4, 40)),
        bias=float(rng.uniform(0.0, 0.3)),
        noise=float(np.exp(rng.uniform(np.log(0.015), np.log(0.2)))),
        blur_mm=float(rng.uniform(0, 1.2)) * float(rng.random() < 0.4),
    )


def acquire(
    signal: Field, gain: Field, protocol: Protocol, noise: tuple[float, float],
    rng: np.random.Generator,
) -> Field:  # fmt: skip
    """Return the magnitude image: band-limited signal with Rician noise.

    Parameters
    ----------
    signal : arbitrary units, shape (i, j, k)
    gain : multiplies the signal, same shape
    protocol : gives the slice axis and the acquired resolution
    noise : SD of each channel in the image, and sigma of the extra blur in mm
    """
    axis = SLICE_AXIS[protocol.plane]
    image = np.empty_like(signal)
    weighted = signal * gain
    for number in range(signal.shape[axis]):
        where = [slice(None)] * 3
        where[axis] = slice(number, number + 1)
        plane = weighted[tuple(where)].squeeze(axis)
        image[tuple(where)] = np.expand_dims(_slice(plane, protocol, noise, rng), axis)
    return image


def _slice(
    plane: Field, protocol: Protocol, noise: tuple[float, float], rng: np.random.Generator
) -> Field:
    """One slice through k-space: noise is white there, hence correlated in the image."""
    sigma, blur_mm = noise
    window = _kspace_window(plane.shape, protocol, blur_mm)
    shape = window[0].size, window[1].size
    channels = np.zeros(shape, np.complex64)
    kept = float(np.mean(window[2]) * np.mean(window[3]))
    level = np.float32(sigma / np.sqrt(max(kept, 1e-3)))
    channels.real = level * rng.standard_normal(shape, dtype=np.float32)
    channels.imag = level * rng.standard_normal(shape, dtype=np.float32)
    channels[: plane.shape[0], : plane.shape[1]] += plane
    spectrum = fft.fft2(channels, overwrite_x=True)
    spectrum *= window[0][:, None]
    spectrum *= window[1][None, :]
    magnitude = np.abs(fft.ifft2(spectrum, overwrite_x=True))
    image: Field = magnitude[: plane.shape[0], : plane.shape[1]].astype(np.float32)
    return image


def _kspace_window(
    shape: tuple[int, ...], protocol: Protocol, blur_mm: float
) -> tuple[Field, Field, Field, Field]:
    """Return the window per axis, and the power that each lets through."""
    windows = []
    cutoff = 0.5 * protocol.pixel_spacing_mm / protocol.acquired_pixel_mm
    for length in shape:
        frequency = np.abs(np.fft.fftfreq(fft.next_fast_len(length + 8)))
        edge = np.clip((cutoff - frequency) / (0.18 * cutoff), 0, 1)
        window = np.sin(edge * np.pi / 2) ** 2
        window *= np.exp(-2 * (np.pi * frequency * blur_mm / protocol.pixel_spacing_mm) ** 2)
        windows.append(window.astype(np.float32))
    return windows[0], windows[1], windows[0] ** 2, windows[1] ** 2


def coil_gain(
    grid: Grid,
    canal: CanalCurve,
    profiles: tuple[NDArray[np.floating], NDArray[np.floating]],
    flaws: Imperfections,
    rng: np.random.Generator,
) -> Field:
    """Return the gain per voxel: 1 at the sac on average over heights.

    Parameters
    ----------
    grid : of the image
    profiles : at the canal's table heights, distance from the sac's center to the skin behind,
        and to the front of the bodies
    """
    skin, front = profiles
    coarse = [np.linspace(0, n - 1, max(2, -(-n // _COARSE) + 1)) for n in grid.shape]
    i, j, k = np.meshgrid(*coarse, indexing="ij")
    world = grid.world_from_index(np.stack([i, j, k], axis=-1))
    index = canal.index(world[..., 2])
    depth = np.maximum(world[..., 1] - canal.smooth_y[index] + skin[index], 0)
    gain = ((skin[index] + 70) / (depth + 70)) ** flaws.coil_power
    phase = float(rng.uniform(0, 2 * np.pi))
    gain *= _saturated(world, flaws, front[index])
    gain *= _ends(coarse[2] / max(grid.shape[2] - 1, 1), flaws.end_drop)
    gain *= 1 + flaws.ripple * np.sin(2 * np.pi * world[..., 2] / 100 + phase)
    gain *= _bias(world, flaws.bias, rng)
    return _expand(gain.astype(np.float32), coarse, grid.shape)


def _saturated(
    world: NDArray[np.float64], flaws: Imperfections, front: NDArray[np.floating]
) -> NDArray[np.float64]:
    """A band in front of the spine, its edge 4 mm soft and parallel to the bodies."""
    beyond = (world[..., 1] - front - flaws.saturation_gap_mm) / 4
    keep: NDArray[np.float64] = 1 - flaws.saturation / (1 + np.exp(-np.clip(beyond, -30, 30)))
    return keep


def _ends(position: NDArray[np.float64], drop: float) -> NDArray[np.float64]:
    """Gain over relative height 0 to 1: falls over the last eighth at both ends."""
    distance = np.minimum(position, 1 - position) / 0.125
    ends: NDArray[np.float64] = 1 - drop * np.clip(1 - distance, 0, 1) ** 2
    return ends


def _bias(
    world: NDArray[np.float64], spread: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Four slow waves with lengths of 200 to 600 mm."""
    field = np.zeros(world.shape[:-1])
    for _ in range(4):
        direction = rng.standard_normal(3)
        direction /= np.linalg.norm(direction)
        wave = 2 * np.pi / float(rng.uniform(200, 600))
        field += np.sin(wave * (world @ direction) + float(rng.uniform(0, 2 * np.pi)))
    factor: NDArray[np.float64] = np.maximum(1 + spread * field / np.sqrt(2), 0.2)
    return factor


def _expand(values: Field, coarse: list[NDArray[np.float64]], shape: tuple[int, int, int]) -> Field:
    """Interpolate linearly from the coarse points to every voxel, one axis after the other."""
    for axis, (points, length) in enumerate(zip(coarse, shape, strict=True)):
        weights = np.stack(
            [np.interp(np.arange(length), points, row) for row in np.eye(len(points))], axis=1
        ).astype(np.float32)
        values = np.moveaxis(np.tensordot(weights, values, axes=(1, axis)), 0, axis)
    return np.ascontiguousarray(values)
