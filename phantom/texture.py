"""Periodic random textures, anchored to structures so that they move with them.

Vertebral signal varies by a quarter inside a body, with a length of 1.5 mm: trabecular fat
and veins, not noise (SPIDER, anatomy 5).
"""

from functools import cache, lru_cache

import numpy as np
from scipy import fft

from phantom.canvas import Field

_SIDE = 128
_VOXEL_MM = 0.7
_SEED = 20240114


@cache
def tile(length_mm: tuple[float, float, float]) -> Field:
    """Return a periodic Gaussian field of unit variance, shape (128, 128, 128), 0.7 mm voxels.

    `length_mm` is the Gaussian's sigma along right, anterior, superior. The seed is a constant:
    structures differ by their offsets into the tile.
    """
    rng = np.random.default_rng(_SEED)
    white = rng.standard_normal((_SIDE,) * 3, dtype=np.float32)
    spectrum = fft.rfftn(white)
    frequency = [np.fft.fftfreq(_SIDE), np.fft.fftfreq(_SIDE), np.fft.rfftfreq(_SIDE)]
    for axis, (f, length) in enumerate(zip(frequency, length_mm, strict=True)):
        window = np.exp(-2 * (np.pi * f * length / _VOXEL_MM) ** 2).astype(np.float32)
        shape = [1, 1, 1]
        shape[axis] = -1
        spectrum *= window.reshape(shape)
    spectrum[0, 0, 0] = 0
    values = fft.irfftn(spectrum, s=white.shape).astype(np.float32)
    field: Field = values / values.std()
    return field


def sample(
    field: Field, coordinates: tuple[Field, Field, Field], offset: tuple[int, int, int]
) -> Field:
    """Look a tile up at local coordinates in mm, nearest voxel, wrapping around."""
    scale = np.float32(1 / _VOXEL_MM)
    index = [
        ((x * scale).astype(np.int32) + np.int32(4096 + start)) & (_SIDE - 1)
        for x, start in zip(coordinates, offset, strict=True)
    ]
    flat = (index[0] * _SIDE + index[1]) * _SIDE + index[2]
    values: Field = field.reshape(-1).take(flat)
    return values


@lru_cache(maxsize=1024)
def offset_of(seed: int, *key: int) -> tuple[int, int, int]:
    """Return where a structure's texture starts in the tile: fixed for a subject's structure."""
    i, j, k = np.random.default_rng([seed, 4, *key]).integers(0, _SIDE, 3)
    return int(i), int(j), int(k)
