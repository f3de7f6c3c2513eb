"""Signal that fades towards the ends of a part, as seen where two parts overlap.

Coils see less at the ends of a station. Where one part has its end, the other one is further
in and bright: the ratio of both along the overlap tells how they fade. In the middle of the
overlap both are equally dark, which no ratio shows; it follows from the shape of the rest.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from spine.imaging.seam import foreground
from spine.imaging.volume import Volume

_LARGEST_SHARE = 0.6
_SHORTEST_MM = 2.0
# Of the overlap, the way within which a loss must halve: at the other end a sixth of it is left.
# What reaches further, or fades in another way, could only be guessed.
_LONGEST_PART = 0.4
# A loss below this is no more than what tissue and noise leave.
_LEAST_SHARE = 0.03
# Of the ratio's variation along the overlap; less is not explained by ends that fade.
_LEAST_EXPLAINED = 0.9
_FEWEST_ROWS = 8


@dataclass(frozen=True, slots=True)
class Falloff:
    """How the signal fades towards an end.

    Attributes
    ----------
    share : that is lost at the end
    halving_mm : distance from the end over which the loss halves
    """

    share: float
    halving_mm: float

    def signal(self, distance_mm: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return what is left of the signal at distances from the end."""
        left: NDArray[np.float64] = 1 - self.share * np.exp2(-distance_mm / self.halving_mm)
        return left


def falloff(upper: Volume, lower: Volume) -> Falloff | None:
    """Tell how two parts fade towards their ends in their overlap; None where they do not.

    Both are taken to fade alike: one coil after the other, one sequence.

    Parameters
    ----------
    upper, lower : on the grid of the overlap, whose first row is the upper part's lower end
        and whose last row is the lower part's upper end
    """
    ratio = _ratio_by_row(upper, lower)
    rows = np.flatnonzero(np.isfinite(ratio) & (ratio > 0))
    if len(rows) < _FEWEST_ROWS:
        return None
    step_mm = upper.grid.spacing_mm[2]
    longest_mm = _LONGEST_PART * step_mm * (len(ratio) - 1)
    log_ratio = np.log(ratio[rows])
    ends_mm = rows * step_mm, (len(ratio) - 1 - rows) * step_mm
    found, left = _fitted(log_ratio, ends_mm, longest_mm)
    variation = float(np.sum((log_ratio - log_ratio.mean()) ** 2))
    is_explained = left <= (1 - _LEAST_EXPLAINED) * variation
    is_told = found.share >= _LEAST_SHARE and found.halving_mm < 0.99 * longest_mm
    return found if is_explained and is_told else None


def _fitted(
    log_ratio: NDArray[np.float64],
    ends_mm: tuple[NDArray[np.floating], NDArray[np.floating]],
    longest_mm: float,
) -> tuple[Falloff, float]:
    """Return what fits the ratio best beside a gain, and the sum of squares that it leaves.

    Parameters
    ----------
    ends_mm : distance of each row from the upper part's lower end, from the lower part's upper
    """

    def remainder(parameters: NDArray[np.float64]) -> NDArray[np.float64]:
        share, halving_mm, gain = parameters
        found = Falloff(share, halving_mm)
        upper, lower = (np.log(found.signal(distance)) for distance in ends_mm)
        left: NDArray[np.float64] = log_ratio - gain - (upper - lower)
        return left

    fit = least_squares(
        remainder,
        (_LEAST_SHARE, longest_mm / 2, float(np.median(log_ratio))),
        bounds=([0.0, _SHORTEST_MM, -np.inf], [_LARGEST_SHARE, longest_mm, np.inf]),
    )
    return Falloff(float(fit.x[0]), float(fit.x[1])), 2 * float(fit.cost)


def without_falloff(part: Volume, found: Falloff, *, is_at_top: bool) -> Volume:
    """Make a part as bright at its upper or lower end as further in."""
    distance_mm = np.arange(part.data.shape[2], dtype=np.float64) * part.grid.spacing_mm[2]
    signal = found.signal(distance_mm[::-1] if is_at_top else distance_mm)
    return Volume((part.data / signal).astype(np.float32), part.affine)


def _ratio_by_row(upper: Volume, lower: Volume) -> NDArray[np.float64]:
    """Return upper over lower along k, over the tissue of both; NaN in rows without any."""
    *_, tissue = foreground(upper, lower)
    # As received: smoothed, the last rows of either would take on what lies further in.
    images = (upper.data.astype(np.float64), lower.data.astype(np.float64))
    sums = [np.sum(image, axis=(0, 1), where=tissue) for image in images]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio: NDArray[np.float64] = sums[0] / sums[1]
    return ratio
