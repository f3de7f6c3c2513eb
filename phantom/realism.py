"""Statistics of a sagittal lumbar image by tissue, the same for real and synthetic ones."""

from collections.abc import Callable, Iterator

import numpy as np
from scipy import ndimage

from phantom.tissues import Mask, Patch, Tissues, Values

_SMALLEST_BODY = 400


def statistics(found: Tissues) -> dict[str, float]:
    """Return every statistic by name; NaN where its tissue is missing."""
    return {name: float(measure(found)) for name, measure in MEASURES.items()}


def _median(found: Tissues, mask: Mask) -> float:
    return float(np.median(found.image[mask])) if mask.any() else float("nan")


def _quantile(found: Tissues, mask: Mask, share: float) -> float:
    return float(np.quantile(found.image[mask], share)) if mask.any() else float("nan")


def _spread(found: Tissues, mask: Mask) -> float:
    values = found.image[mask]
    return float(values.std() / values.mean()) if mask.any() else float("nan")


def _spread_within_bodies(found: Tissues) -> float:
    spreads = [values.std() / values.mean() for values, _ in _each_body(found)]
    return float(np.median(spreads))


def _each_body(found: Tissues) -> Iterator[tuple[Values, Values]]:
    """Yield the intensities of every body of some size, and how far forward each lies, mm."""
    for number, box in enumerate(ndimage.find_objects(found.level), start=1):
        inside = found.level[box] == number
        if np.count_nonzero(inside) > _SMALLEST_BODY:
            forward = np.nonzero(inside)[1] * found.spacing_mm[1]
            yield found.image[box][inside], forward


def _detrended(patch: Patch) -> float:
    """CV after division by the mask's own smooth mean."""
    values = 1 + patch.residual[patch.mask]
    return float(values.std() / values.mean()) if values.size else float("nan")


def correlation(patch: Patch, axis: int, lag: int) -> float:
    """Return the correlation of detrended voxels `lag` apart along an axis, both in the mask."""
    size = patch.mask.shape[axis]
    if lag >= size:
        return float("nan")
    first = [slice(None)] * 3
    second = [slice(None)] * 3
    first[axis], second[axis] = slice(0, size - lag), slice(lag, size)
    both = patch.mask[tuple(first)] & patch.mask[tuple(second)]
    if both.sum() < 50:
        return float("nan")
    a, b = patch.residual[tuple(first)][both], patch.residual[tuple(second)][both]
    return float(np.corrcoef(a, b)[0, 1])


def _length_mm(patch: Patch, axis: int) -> float:
    """Distance at which the correlation falls to 1/e."""
    previous, lag = 1.0, 0
    while lag * patch.spacing_mm[axis] < 14:
        lag += 1
        value = correlation(patch, axis, lag)
        if not value > 1 / np.e:
            share = (previous - 1 / np.e) / max(previous - value, 1e-6)
            return float((lag - 1 + share) * patch.spacing_mm[axis])
        previous = value
    return float("nan")


def _slope_forward(found: Tissues) -> float:
    """Signal change inside bodies per 10 mm forward, percent."""
    slopes = [
        1000 * np.polyfit(forward, values, 1)[0] / values.mean()
        for values, forward in _each_body(found)
    ]
    return float(np.median(slopes))


def _head_foot_ratio(found: Tissues) -> float:
    medians = [np.median(values) for values, _ in _each_body(found)]
    return float(max(medians) / min(medians))


def _diagonal_noise(found: Tissues) -> float:
    """MAD of 2 x 2 diagonal differences in bodies."""
    x = found.image
    difference = (x[:, :-1, :-1] + x[:, 1:, 1:] - x[:, 1:, :-1] - x[:, :-1, 1:]) / 2
    inside = found.bodies[:, :-1, :-1] & found.bodies[:, 1:, 1:]
    values = difference[inside]
    return float(1.4826 * np.median(np.abs(values - np.median(values))))


MEASURES: dict[str, Callable[[Tissues], float]] = {
    "disc / vertebra": lambda t: _median(t, t.disc),
    "canal median / vertebra": lambda t: _median(t, t.canal),
    "CSF (canal p90) / vertebra": lambda t: _quantile(t, t.canal, 0.9),
    "canal p10 / p90": lambda t: _quantile(t, t.canal, 0.1) / _quantile(t, t.canal, 0.9),
    "disc / CSF": lambda t: _median(t, t.disc) / _quantile(t, t.canal, 0.9),
    "posterior elements / vertebra": lambda t: _median(t, t.posterior),
    "behind the sac, p25": lambda t: _quantile(t, t.back & ~t.posterior, 0.25),
    "behind the sac, p95": lambda t: _quantile(t, t.back & ~t.posterior, 0.95),
    "in front of the bodies, p50": lambda t: _quantile(t, t.front, 0.5),
    "in front of the bodies, p95": lambda t: _quantile(t, t.front, 0.95),
    "slope in bodies, % per 10 mm forward": _slope_forward,
    "bodies, highest / lowest median": _head_foot_ratio,
    "CV vertebra": lambda t: _spread(t, t.bodies),
    "CV within a body": _spread_within_bodies,
    "CV vertebra detrended": lambda t: _detrended(t.texture["bodies"]),
    "CV disc": lambda t: _spread(t, t.disc),
    "CV disc detrended": lambda t: _detrended(t.texture["disc"]),
    "CV canal": lambda t: _spread(t, t.canal),
    "CV canal detrended": lambda t: _detrended(t.texture["canal"]),
    "length vertebra AP, mm": lambda t: _length_mm(t.texture["bodies"], 1),
    "length vertebra SI, mm": lambda t: _length_mm(t.texture["bodies"], 2),
    "length disc AP, mm": lambda t: _length_mm(t.texture["disc"], 1),
    "length canal AP, mm": lambda t: _length_mm(t.texture["canal"], 1),
    "neighbors vertebra AP": lambda t: correlation(t.texture["bodies"], 1, 1),
    "neighbors vertebra SI": lambda t: correlation(t.texture["bodies"], 2, 1),
    "neighbors vertebra LR": lambda t: correlation(t.texture["bodies"], 0, 1),
    "neighbors vertebra AP, 4 apart": lambda t: correlation(t.texture["bodies"], 1, 4),
    "neighbors disc AP": lambda t: correlation(t.texture["disc"], 1, 1),
    "neighbors disc SI": lambda t: correlation(t.texture["disc"], 2, 1),
    "diagonal differences in vertebra": _diagonal_noise,
}

NOT_IN_SATURATED = frozenset(
    name for name in MEASURES if "canal" in name or "CSF" in name or name == "behind the sac, p95"
)
"""Statistics that clipped images (8 bits, top value in over 1.5 % of voxels) cannot give."""
