"""Linear interpolation between grids that share their axes: one axis at a time, any part alone."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# Far below any pixel; without it, equal grids would differ by a rounding and be interpolated.
_DECIMALS = 6


@dataclass(frozen=True, slots=True, eq=False)
class AxisWeights:
    """Where the samples of one axis lie between those of another.

    Attributes
    ----------
    lower, upper : index of the neighbors
    share : of the upper one, 0 to 1
    inside : whether a sample lies in some voxel of the source; beyond, its edge counts
    """

    lower: NDArray[np.intp]
    upper: NDArray[np.intp]
    share: NDArray[np.float32]
    inside: NDArray[np.bool_]

    @property
    def nearest(self) -> NDArray[np.intp]:
        """Return the index of the nearest source sample."""
        return np.where(self.share < 0.5, self.lower, self.upper)

    def within(self, part: slice) -> "AxisWeights":
        """Return the weights of a part of the samples."""
        return AxisWeights(self.lower[part], self.upper[part], self.share[part], self.inside[part])


def centered_positions(
    length: int, step_mm: float, source_length: int, source_step_mm: float
) -> NDArray[np.float64]:
    """Place samples on a source axis that has the same direction and the same center.

    Returns
    -------
    float64, shape (length,), in source indices
    """
    offset = np.arange(length) - (length - 1) / 2
    position = offset * step_mm / source_step_mm + (source_length - 1) / 2
    rounded: NDArray[np.float64] = np.round(position, _DECIMALS)
    return rounded


def linear_weights(position: NDArray[np.float64], source_length: int) -> AxisWeights:
    """Return the weights of samples at fractional source indices."""
    inside = (position > -0.5) & (position < source_length - 0.5)
    clipped = np.clip(position, 0, source_length - 1)
    lower = np.floor(clipped).astype(np.intp)
    upper = np.minimum(lower + 1, source_length - 1)
    return AxisWeights(lower, upper, (clipped - lower).astype(np.float32), inside)


def interpolate(data: NDArray[np.float32], weights: AxisWeights, axis: int) -> NDArray[np.float32]:
    """Interpolate along one axis; where the samples are the source's own, return a view."""
    below = _taken(data, weights.lower, axis)
    if not weights.share.any():
        return below
    shape = [1] * data.ndim
    shape[axis] = -1
    between = _taken(data, weights.upper, axis) - below
    between *= weights.share.reshape(shape)
    between += below
    return between


def _taken(data: NDArray[np.float32], places: NDArray[np.intp], axis: int) -> NDArray[np.float32]:
    if len(places) and (np.diff(places) == 1).all():
        part = slice(int(places[0]), int(places[-1]) + 1)
        return data[(slice(None),) * axis + (part,)]
    # Not `take`, which first copies all of an array that is part of another.
    return data[(slice(None),) * axis + (places,)]
