"""Statistics of a sagittal lumbar image by tissue, the same for real and synthetic ones.

Follows docs/anatomy.md, 5: masks eroded in plane, slices next to the midline, bodies are the
vertebral voxels in front of the sac. Intensities are relative to the median of the bodies.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spine.anatomy.labels import TissueClass, classes_from_labels
from spine.imaging.volume import LabelMap, Volume

Mask = NDArray[np.bool_]
Values = NDArray[np.floating]

_MIDLINE_MM = 8.0
_SMALLEST_BODY = 400


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """One tissue, cut out: its mask, and the image over the tissue's smooth mean, less 1."""

    mask: Mask
    residual: Values
    spacing_mm: tuple[float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Tissues:
    """An image's slices next to the midline and its tissues, arrays (slice, j, k).

    Attributes
    ----------
    image : intensities over the bodies' median
    bodies, disc, canal, posterior : eroded by two pixels in plane
    front, back : anterior to the bodies, posterior to the sac
    level : number of the body that a voxel belongs to, 0 outside bodies
    texture : detrended patches of "bodies", "disc" and "canal"
    """

    image: Values
    bodies: Mask
    disc: Mask
    canal: Mask
    posterior: Mask
    front: Mask
    back: Mask
    level: NDArray[np.int32]
    spacing_mm: tuple[float, float, float]
    texture: dict[str, Patch]


def merged(labels: LabelMap) -> LabelMap:
    """Return instance labels as the real patients': 1 vertebrae, 2 discs, 3 canal, no sacrum."""
    classes = classes_from_labels(labels.data)
    lookup = np.zeros(9, np.uint8)
    lookup[[TissueClass.CERVICAL, TissueClass.THORACIC, TissueClass.LUMBAR]] = 1
    lookup[TissueClass.DISC] = 2
    lookup[[TissueClass.CSF, TissueClass.CORD]] = 3
    return LabelMap(lookup[classes], labels.affine)


def tissues(volume: Volume, labels: LabelMap) -> Tissues:
    """Sort an image's voxels; `labels` as from `merged`, canonical orientation."""
    spacing = volume.grid.spacing_mm
    middle = _midline_slices(labels.data == 3, spacing[0])
    image, masks = volume.data[middle], labels.data[middle]
    canal = masks == 3
    front, back = _sac_borders(canal)
    j = np.arange(image.shape[1])[None, :, None]
    vertebra = masks == 1
    body = _eroded(vertebra & (j > front[:, None, :]), 2)
    level, _ = ndimage.label(body)
    ahead = _ahead_of_bodies(vertebra | (masks == 2), front)
    image = image / max(float(np.median(image[body])), 1e-6)
    parts = {"bodies": body, "disc": _eroded(masks == 2, 2), "canal": _eroded(canal, 2)}
    return Tissues(
        image=image,
        bodies=body,
        disc=parts["disc"],
        canal=parts["canal"],
        posterior=_eroded(vertebra & (j < back[:, None, :]), 2),
        front=(j > ahead[:, None, :] + 4) & (ahead[:, None, :] > 0),
        back=(j < back[:, None, :] - 4) & (back[:, None, :] > 0),
        level=level,
        spacing_mm=spacing,
        texture={name: _patch(image, mask, spacing) for name, mask in parts.items()},
    )


def _patch(image: Values, mask: Mask, spacing_mm: tuple[float, float, float]) -> Patch:
    """Cut a tissue out and divide by its own mean over 8 mm in plane."""
    box = next(iter(ndimage.find_objects(mask.astype(np.uint8))), None)
    if box is None:
        return Patch(mask[:1], image[:1], spacing_mm)
    image, mask = image[box], mask[box]
    sigma = [0.0, 8 / spacing_mm[1], 8 / spacing_mm[2]]
    smooth = ndimage.gaussian_filter(np.where(mask, image, 0), sigma, truncate=2.5)
    weight = ndimage.gaussian_filter(mask.astype(np.float32), sigma, truncate=2.5)
    mean = smooth / np.maximum(weight, 1e-6)
    return Patch(mask, image / np.maximum(mean, 1e-6) - 1, spacing_mm)


def statistics(found: Tissues) -> dict[str, float]:
    """Return every statistic by name; NaN where its tissue is missing."""
    return {name: float(measure(found)) for name, measure in MEASURES.items()}


def _midline_slices(canal: Mask, spacing_mm: float) -> slice:
    center = np.average(np.arange(canal.shape[0]), weights=canal.sum(axis=(1, 2)) + 1e-6)
    reach = _MIDLINE_MM / spacing_mm
    low = max(0, int(np.ceil(center - reach)))
    return slice(low, max(low + 1, int(np.floor(center + reach)) + 1))


def _sac_borders(canal: Mask) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
    """Return per slice and height the first row in front of and behind the sac, -1 without."""
    size = canal.shape[1]
    has = canal.any(axis=1)
    front = np.where(has, size - np.argmax(canal[:, ::-1], axis=1), size)
    back = np.where(has, np.argmax(canal, axis=1), -1)
    return front, back


def _ahead_of_bodies(bone: Mask, front: NDArray[np.int_]) -> NDArray[np.int_]:
    size = bone.shape[1]
    has = bone.any(axis=1) & (front < size)
    return np.where(has, size - np.argmax(bone[:, ::-1], axis=1), -1)


def _eroded(mask: Mask, pixels: int) -> Mask:
    cross = ndimage.generate_binary_structure(2, 1)[None]
    result: Mask = ndimage.binary_erosion(mask, cross, iterations=pixels)
    return result


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
