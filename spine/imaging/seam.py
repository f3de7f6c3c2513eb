"""The brightness of two images where they overlap: one factor apart, or not at all alike."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spine.imaging.volume import Volume

# Below this share of the bright parts lie air and noise, whose ratio says nothing.
_FOREGROUND = 0.1
_BRIGHT_PERCENT = 95
# Noise is averaged away, tissues are not.
_SMOOTHING_MM = 2.0


@dataclass(frozen=True, slots=True)
class Seam:
    """How the brightness of a first image relates to that of a second one.

    Attributes
    ----------
    gain : factor that makes the second as bright as the first; NaN where there is nothing
        to compare
    slope : the factor of bright tissue over that of dark tissue; 1 where the contrast is
        the same
    difference : median difference that the factor leaves, as a share of the brightness
    """

    gain: float
    slope: float
    difference: float


def seam(first: Volume, second: Volume) -> Seam:
    """Compare the brightness of two images on one grid."""
    a, b, tissue = foreground(first, second)
    if not tissue.any():
        return Seam(float("nan"), float("nan"), float("nan"))
    a, b = a[tissue], b[tissue]
    ratio = a / b
    gain = float(np.median(ratio))
    level = a + gain * b
    lower, upper = np.percentile(level, (100 / 3, 200 / 3))
    slope = np.median(ratio[level >= upper]) / np.median(ratio[level <= lower])
    return Seam(gain, float(slope), float(np.median(np.abs(a - gain * b) / (level / 2))))


def foreground(
    first: Volume, second: Volume
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Return two images on one grid, smoothed, and where both show tissue."""
    a, b = (_smooth(volume) for volume in (first, second))
    bright = np.percentile(a, _BRIGHT_PERCENT), np.percentile(b, _BRIGHT_PERCENT)
    tissue = (a > _FOREGROUND * bright[0]) & (b > _FOREGROUND * bright[1])
    return a, b, tissue & (min(bright) > 0)


def _smooth(volume: Volume) -> NDArray[np.float64]:
    sigma = [0.0, *(_SMOOTHING_MM / spacing for spacing in volume.grid.spacing_mm[1:])]
    smooth: NDArray[np.float64] = ndimage.gaussian_filter(volume.data.astype(np.float64), sigma)
    return smooth
