"""Overlapping parts of one body joined into one volume, or the reason why they are not.

A wrong number is worse than none: parts are joined only where geometry says that they
overlap, and where the overlap itself says that nothing moved, nothing is mirrored, and
both show the same tissue as bright (docs/adr/0102).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import ceil, floor, prod

import numpy as np
from numpy.typing import NDArray

from spine.errors import Code, GeometryError
from spine.imaging.falloff import falloff, without_falloff
from spine.imaging.matching import displacement, likeness
from spine.imaging.placement import Bounds, JoinedGrid, PlacementLimits, joined_grid
from spine.imaging.resampling import antialias, covered, interpolate
from spine.imaging.seam import seam
from spine.imaging.volume import Grid, Volume

# In-plane spacing at which overlaps are compared: coarse enough to be quick, and to lie
# above the noise; a disc is four of them high.
_COMPARED_MM = 1.8

Pair = tuple[Volume, Volume]
"""The upper and the lower of two parts, whole or where both are."""

# A motion explains something if likeness gains as much by it.
_BETTER = 0.01


@dataclass(frozen=True, slots=True)
class JoinLimits:
    """What parts must satisfy to be joined (docs/adr/0102 says how the limits were found).

    Attributes
    ----------
    placement : of the grids
    minimum_likeness : of the overlaps' edges, see `likeness`
    clear_likeness : from which on no motion is looked for
    maximum_shift_mm, maximum_turn_degrees : of a motion after which they are more alike
    maximum_gain : factor between the intensities, either way
    maximum_slope : between the factors of bright and of dark tissue, either way
    maximum_difference : that the factor leaves, as a share of the brightness
    maximum_voxels : of the joined volume
    """

    placement: PlacementLimits = field(default_factory=PlacementLimits)
    minimum_likeness: float = 0.8
    clear_likeness: float = 0.95
    maximum_shift_mm: float = 1.0
    maximum_turn_degrees: float = 0.5
    maximum_gain: float = 4.0
    maximum_slope: float = 1.25
    maximum_difference: float = 0.2
    maximum_voxels: int = 2**27


def join(parts: Sequence[Volume], limits: JoinLimits) -> Volume:
    """Join parts of one body on the grid of the finest of them, the lowest of equals.

    Parameters
    ----------
    parts : canonical orientation, head to foot, each overlapping the next

    Returns
    -------
    Volume
        As bright as the lowest part; its voxels there are the part's own where the grids
        agree and its signal does not fade. In the overlaps one part fades into the next; 0
        where there is none.

    Raises
    ------
    GeometryError
        ``MIXED_ORIENTATIONS``, ``MIXED_GEOMETRY``, ``TOO_LARGE``, ``OVERLAP_TOO_SMALL``,
        ``STATION_MIRRORED``, ``PATIENT_MOVED``, ``OTHER_CONTRAST`` or ``SEAM_VISIBLE``.
    """
    joined = joined_grid([part.grid for part in parts], limits.placement)
    if prod(joined.grid.shape) > limits.maximum_voxels:
        raise GeometryError(Code.TOO_LARGE, "the joined volume has too many voxels")
    overlaps = [_overlap(parts, joined, upper) for upper in range(len(parts) - 1)]
    gains = _gains(parts, overlaps, limits)
    return _blend(_evened(parts, overlaps), gains, joined)


def _overlap(parts: Sequence[Volume], joined: JoinedGrid, upper: int) -> Pair:
    """Sample a part and the next lower one where both are."""
    grid = _compared(joined.overlap(upper, upper + 1))
    return _sample(parts[upper], grid), _sample(parts[upper + 1], grid)


def _gains(parts: Sequence[Volume], overlaps: Sequence[Pair], limits: JoinLimits) -> list[float]:
    """Check every overlap; return the factor of each part, that of the lowest is 1."""
    gains = [1.0]
    pairs = list(zip(pairwise(parts), overlaps, strict=True))
    for pair, overlap in reversed(pairs):
        gains.insert(0, gains[0] * _checked_gain(pair, overlap, limits))
    return gains


def _checked_gain(pair: Pair, overlap: Pair, limits: JoinLimits) -> float:
    """Return the factor that makes the upper part as bright as the lower, if they agree at all."""
    (upper, lower), (second, first) = pair, overlap
    alike = likeness(first, second)
    _require_not_mirrored((lower, upper), (first, second), alike, limits)
    found = seam(first, second)
    if not 1 / limits.maximum_slope <= found.slope <= limits.maximum_slope:
        reason = "bright and dark tissue differ in their overlap: not the same contrast"
        raise GeometryError(Code.OTHER_CONTRAST, reason)
    if alike < limits.clear_likeness:
        _require_still(first, second, alike, limits)
    is_even = 1 / limits.maximum_gain <= found.gain <= limits.maximum_gain
    if not is_even or not found.difference <= limits.maximum_difference:
        reason = "their brightness does not match where they overlap"
        raise GeometryError(Code.SEAM_VISIBLE, reason)
    return found.gain


def _evened(parts: Sequence[Volume], overlaps: Sequence[Pair]) -> list[Volume]:
    """Take away what parts fade towards their ends, as their overlaps tell."""
    evened = list(parts)
    for upper, overlap in enumerate(overlaps):
        found = falloff(*overlap)
        if found is not None:
            evened[upper] = without_falloff(evened[upper], found, is_at_top=False)
            evened[upper + 1] = without_falloff(evened[upper + 1], found, is_at_top=True)
    return evened


def _require_not_mirrored(
    pair: tuple[Volume, Volume], samples: tuple[Volume, Volume], alike: float, limits: JoinLimits
) -> None:
    """Refuse parts of which one agrees better when it is mirrored along one of its axes.

    Which of the two is wrong shows only in the overlap of one that is upside down.
    """
    for axis in range(3):
        for part, other in zip(pair, reversed(samples), strict=True):
            mirrored = Volume(np.ascontiguousarray(np.flip(part.data, axis)), part.affine)
            other_way = likeness(other, _sample(mirrored, other.grid))
            if other_way > max(alike, limits.minimum_likeness):
                raise GeometryError(Code.STATION_MIRRORED, "one of them is mirrored")


def _require_still(first: Volume, second: Volume, alike: float, limits: JoinLimits) -> None:
    """Refuse parts that agree better after a motion, and parts that hardly agree at all."""
    motion = displacement(first, second)
    is_far = (
        motion.shift_mm > limits.maximum_shift_mm
        or motion.turn_degrees > limits.maximum_turn_degrees
    )
    if is_far and (alike < limits.minimum_likeness or motion.likeness > alike + _BETTER):
        moved = f"{motion.shift_mm:.1f} mm and {motion.turn_degrees:.1f} degrees"
        raise GeometryError(Code.PATIENT_MOVED, f"they match best when moved by {moved}")
    if alike < limits.minimum_likeness:
        reason = f"edges do not continue from one to the other (likeness {alike:.2f} of 1)"
        raise GeometryError(Code.SEAM_VISIBLE, reason)


def _compared(grid: Grid) -> Grid:
    """Return a grid over the same box with pixels of at least `_COMPARED_MM`."""
    ratio = np.array([1.0, *(max(_COMPARED_MM / mm, 1.0) for mm in grid.spacing_mm[1:])])
    i, j, k = (np.floor((np.array(grid.shape) - 1) / ratio) + 1).astype(int).tolist()
    affine = grid.affine.copy()
    affine[:3, :3] *= ratio
    return Grid((i, j, k), affine)


def _sample(volume: Volume, grid: Grid) -> Volume:
    ratio = np.asarray(grid.spacing_mm) / volume.grid.spacing_mm
    return interpolate(Volume(antialias(volume.data, ratio), volume.affine), grid, order=1)


def _blend(parts: Sequence[Volume], gains: Sequence[float], joined: JoinedGrid) -> Volume:
    total = np.zeros(joined.grid.shape, dtype=np.float32)
    weights = np.zeros_like(total)
    for number, (part, gain) in enumerate(zip(parts, gains, strict=True)):
        rows, grid = _rows_of(joined, number)
        weight = covered(part.grid, grid) * _fade(joined.bounds, number, total.shape[2])[rows]
        total[:, :, rows] += weight * np.float32(gain) * interpolate(part, grid).data
        weights[:, :, rows] += weight
    np.divide(total, weights, out=total, where=weights > 0)
    return Volume(total, joined.grid.affine)


def _rows_of(joined: JoinedGrid, number: int) -> tuple[slice, Grid]:
    """Return which rows of the joined grid a part reaches, and the grid of these rows."""
    i, j, length = joined.grid.shape
    bounds = joined.bounds[number]
    first, last = max(floor(bounds.low[2]), 0), min(ceil(bounds.high[2]), length - 1)
    affine = joined.grid.affine.copy()
    affine[:3, 3] = joined.grid.world_from_index(np.array([0, 0, first]))
    return slice(first, last + 1), Grid((i, j, last + 1 - first), affine)


def _fade(bounds: Sequence[Bounds], number: int, length: int) -> NDArray[np.float32]:
    """Return a part's weight along k, falling to its ends in the overlaps with its neighbors."""
    k = np.arange(length, dtype=np.float32)
    own = bounds[number]
    weight = np.ones(length, dtype=np.float32)
    if number + 1 < len(bounds):
        weight = np.minimum(weight, _ramp(k - own.low[2], bounds[number + 1].high[2] - own.low[2]))
    if number > 0:
        weight = np.minimum(weight, _ramp(own.high[2] - k, own.high[2] - bounds[number - 1].low[2]))
    return weight


def _ramp(distance: NDArray[np.float32], width: float) -> NDArray[np.float32]:
    """Rise from just above 0 at an end to just below 1 where the overlap ends."""
    rise: NDArray[np.float32] = np.clip((distance + 1) / (width + 2), 1e-3, 1)
    return rise.astype(np.float32)
