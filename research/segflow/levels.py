"""Bodies and discs along the straightened column, and where the sacrum begins."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from research.segflow.straightening import Straightened, central_slices, smooth_path
from spine.errors import Code, SegmentationError

# Bodies are 18 mm high or more; discs with their endplates 14 mm or less (docs/anatomy.md, 5.2).
# What a plateau of less than this height holds is no body.
PLATEAU_MM = 15
# Distance of neighboring discs: 27 to 38 mm (docs/anatomy.md, 5.2, pitch), and a margin.
PITCH_MM, PITCH_SPREAD_MM, PITCH_RANGE_MM = 33, 10, range(22, 46)
# Part of a body's depth that every slice through the column shows: forward of the back wall.
CORE_MM = slice(4, 26)
# Least mean darkening, of the body's signal, at a disc; and the weight of the pitch. Assumption.
LEAST_DARKENING, PITCH_WEIGHT = 0.25, 0.1
# Signal falls forward by 14% in 10 mm (docs/anatomy.md, 5.1, AP slope inside bodies).
FALL_PER_MM = 0.014
# A dark line: the cortex is a tenth of the body's signal, 1.3 mm wide (docs/anatomy.md, 5.1),
# and so reaches this after sampling. Assumption.
DARK_LINE = 0.7
# The front of the body lies at least this far forward: 28 mm (T11, women), and a margin.
NEAREST_FRONT_MM, FARTHEST_FRONT_MM = 14, 39
# How much a degree of tilt makes a body more likely sacral. Assumption.
TILT_WEIGHT, UPRIGHT_DEGREES = 0.004, 20.0
# Lumbar views are centered on L3, with L5/S1 about 60 mm above the lower end of the canal's
# path. Assumption; weak beside what is seen.
LOWEST_DISC_MM, LOWEST_DISC_SPREAD_MM, VIEW_WEIGHT = 62.0, 25.0, 0.1
# Discs are followed at these slopes to the canal's normal: L5/S1 is a wedge. Assumption.
SLOPES = (-0.4, -0.2, 0.0, 0.2, 0.4)
# Against noise, whose grains are one pixel. Assumption.
SIGMA_MM = 1.0
FEWEST_DISCS = 3


@dataclass(frozen=True, slots=True)
class SacralSign:
    """How to weigh what tells the sacrum.

    Attributes
    ----------
    trust : of the better cue for the body above; 0.5 is the mean of the two. A cue fails
        toward "sacral", where it takes a dark spot for the front wall.
    weight_above : of looking lumbar above, beside looking sacral below
    """

    trust: float
    weight_above: float


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """The column of one image.

    Attributes
    ----------
    straight : the image along its canal
    reference : (s,), signal of bodies 15 mm forward of their back wall
    plateaus : (i, s, t), relative signal after opening: bodies stay, discs and lines are dark
    discs : s of each disc, from below
    lumbar_scores : shape (cues, discs), for the body below each disc how little it looks like
        sacrum by each cue (`front_depths`); about 1 for L5, below 0.8 for S1
    front_mm : (s,), t of the bodies' front wall, the smooth line
    depth_mm : usual depth of the bodies
    """

    straight: Straightened
    reference: NDArray[np.float64]
    plateaus: NDArray[np.float64]
    discs: tuple[int, ...]
    lumbar_scores: NDArray[np.float64]
    front_mm: NDArray[np.float64]
    depth_mm: float

    def lowest_disc(self, sign: "SacralSign") -> int:
        """Return which disc is L5/S1: lumbar above, sacral below, where such views have it."""
        better, worse = self.lumbar_scores.max(0), self.lumbar_scores.min(0)
        above = np.minimum(sign.trust * better + (1 - sign.trust) * worse, 1)[1:]
        below = self.lumbar_scores.mean(0)[:-1]
        heights = np.asarray(self.discs[:-1])
        unusual = VIEW_WEIGHT * ((heights - LOWEST_DISC_MM) / LOWEST_DISC_SPREAD_MM) ** 2
        lower_half = max(len(heights) // 2, 1)
        return int(np.argmax((sign.weight_above * above - below - unusual)[:lower_half]))


def find_column(straight: Straightened) -> Column:
    """Find discs, bodies and the sacrum.

    Raises
    ------
    SegmentationError
        ``TOO_FEW_VERTEBRAE`` where fewer than three discs are found.
    """
    smooth = ndimage.gaussian_filter(straight.data, SIGMA_MM)
    reference = body_signal(smooth, straight.first_t)
    relative = smooth / shading(reference, straight.data.shape[2], straight.first_t)
    plateaus = ndimage.grey_opening(
        np.clip(relative, 0, 1.2), size=(1, PLATEAU_MM, 1), mode="nearest"
    )
    discs = find_discs(plateaus[central_slices(len(plateaus))], straight.first_t)
    if len(discs) < FEWEST_DISCS:
        raise SegmentationError(Code.TOO_FEW_VERTEBRAE, "fewer than three discs were found")
    depths = front_depths(relative, straight.first_t)
    scores, depth = _lumbar_scores(depths, discs, straight.tilt_degrees)
    return Column(straight, reference, plateaus, discs, scores, depths[1], depth)


def body_signal(data: NDArray[np.float32], first_t: int) -> NDArray[np.float64]:
    """Return the bodies' signal along s, shape (s,): a high percentile over 5 cm."""
    core = data[:, :, CORE_MM.start - first_t : CORE_MM.stop - first_t]
    rows = [core[:, max(0, s - 25) : s + 26] for s in range(core.shape[1])]
    return np.array([max(float(np.percentile(row, 70)), 1e-3) for row in rows])


def shading(reference: NDArray[np.float64], width: int, first_t: int) -> NDArray[np.float64]:
    """Return what a body would show everywhere, shape (s, t)."""
    return reference[:, np.newaxis] * fall(np.arange(first_t, first_t + width))


def fall(t_mm: NDArray[np.generic]) -> NDArray[np.float64]:
    """Return the signal relative to that 15 mm forward of the back wall."""
    return np.asarray(1 - FALL_PER_MM * (np.clip(t_mm.astype(np.float64), -10, 40) - 15))


def find_discs(plateaus: NDArray[np.float64], first_t: int) -> tuple[int, ...]:
    """Choose the dark rows that make the best chain of usual distances, from below.

    Parameters
    ----------
    plateaus : (i, s, t), central slices, relative signal after opening
    """
    core = 1 - plateaus[:, :, CORE_MM.start - first_t : CORE_MM.stop - first_t].mean(0)
    sloping = np.max([_mean_at_slope(core, slope) for slope in SLOPES], axis=0)
    darkening = ndimage.gaussian_filter1d(sloping, 2.5) - LEAST_DARKENING
    total, came_from = darkening.copy(), np.full(len(darkening), -1)
    for s in range(len(darkening)):
        for pitch in (p for p in PITCH_RANGE_MM if p <= s):
            unusual = PITCH_WEIGHT * ((pitch - PITCH_MM) / PITCH_SPREAD_MM) ** 2
            chained = total[s - pitch] + darkening[s] - unusual
            if chained > total[s]:
                total[s], came_from[s] = chained, s - pitch
    chain, s = [], int(total.argmax())
    while s >= 0:
        chain.append(s)
        s = int(came_from[s])
    return tuple(reversed(chain)) if total.max() > 0 else ()


def _mean_at_slope(rows: NDArray[np.float64], slope: float) -> NDArray[np.float64]:
    """Return the mean along lines that rise by a slope, shape (s,), by their middle."""
    s, t = np.indices(rows.shape)
    sheared = s + slope * (t - rows.shape[1] / 2)
    mean: NDArray[np.float64] = ndimage.map_coordinates(
        rows, [sheared, t], order=1, mode="nearest"
    ).mean(1)
    return mean


def front_depths(relative: NDArray[np.float64], first_t: int) -> NDArray[np.float64]:
    """Return the depth of the column in mm along s, measured in two ways, shape (2, s).

    The nearest dark line of most slices, and the smoothest line of most contrast.
    """
    central = ndimage.gaussian_filter(relative[central_slices(len(relative))], (1, 1, 0))
    ahead = central[:, :, NEAREST_FRONT_MM - first_t : FARTHEST_FRONT_MM - first_t]
    dark = ahead < DARK_LINE
    nearest = np.where(dark.any(2), dark.argmax(2), ahead.shape[2])
    mean = np.clip(central, 0, 1.2).mean(0)
    behind = np.roll(ndimage.uniform_filter1d(mean, 8, axis=1), 6, axis=1)
    gain = (behind - mean)[:, NEAREST_FRONT_MM - first_t : FARTHEST_FRONT_MM - first_t]
    both = np.stack([np.median(nearest, axis=0), smooth_path(gain, 0.15)])
    return both + NEAREST_FRONT_MM


def _lumbar_scores(
    depths: NDArray[np.float64], discs: tuple[int, ...], tilt_degrees: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float]:
    """Score the body below each disc; the sacrum is less deep at its lower end, and tilted."""
    lower_ends = (max(discs[0] - PITCH_MM, 0), *discs[:-1])
    lower = np.array([
        np.median(depths[:, low + 5 : low + 12], axis=1) for low in lower_ends
    ])  # fmt: skip
    usual = np.percentile(lower, 70, axis=0)
    centers = [(low + high) // 2 for low, high in zip(lower_ends, discs, strict=True)]
    tilts = tilt_degrees[centers] - UPRIGHT_DEGREES
    scores = np.minimum(lower / usual, 1).T - TILT_WEIGHT * tilts
    return scores, float(usual.mean())
