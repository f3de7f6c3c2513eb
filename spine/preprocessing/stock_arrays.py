"""From an image to a stock network's input and from its scores to label values, as nnU-Net does."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spine.preprocessing.scores import highest
from spine.preprocessing.splines import resized
from spine.preprocessing.stock import Normalization, StockChannel, StockStep

_SMALLEST_SD = 1e-8


@dataclass(frozen=True, slots=True, eq=False)
class StockInput:
    """A network's input, and the way back.

    Attributes
    ----------
    data : float32, shape (channels, ...), axes as `StockStep` says
    spacing_mm : of the image, its axes transposed
    shape : of the image, its axes transposed
    box : the part of it that is not surrounded by zeros, which `data` shows
    """

    data: NDArray[np.float32]
    spacing_mm: tuple[float, ...]
    shape: tuple[int, ...]
    box: tuple[slice, ...]


def stock_input(
    image: NDArray[np.float32], spacing_mm: tuple[float, float, float], step: StockStep
) -> StockInput:
    """Transpose, crop to what is not zero, normalize and resample, in nnU-Net's order.

    Parameters
    ----------
    image : canonical orientation, shape (channels, right, anterior, superior)
    spacing_mm : right, anterior, superior

    Source
    ------
    nnU-Net 2.8.1, ``DefaultPreprocessor.run_case_npy``.
    """
    # nnU-Net reads (right, anterior, superior) as (superior, anterior, right).
    axes = [3 - axis for axis in step.transpose]
    data = image.transpose(0, *axes)
    spacing = tuple(spacing_mm[axis - 1] for axis in axes)
    inside = ndimage.binary_fill_holes((data != 0).any(axis=0))
    box = _bounding_box(inside)
    target = _target_spacing(step, spacing)
    cropped = data[:, *box]
    shape = tuple(
        round(old / new * side)
        for old, new, side in zip(spacing, target, cropped.shape[1:], strict=True)
    )
    channels = [
        resized(_normalized(one, inside[box], how), shape, (spacing, target), step.image_spline)
        for one, how in zip(cropped, step.channels, strict=True)
    ]
    return StockInput(np.stack(channels), spacing, data.shape[1:], box)


def values_from_scores(
    scores: NDArray[np.float16], source: StockInput, step: StockStep
) -> NDArray[np.uint8]:
    """Resample each head's scores back and choose, voxel by voxel.

    Parameters
    ----------
    scores : logits, shape (heads, ...) of `source.data`

    Returns
    -------
    uint8, label values, shape (right, anterior, superior) of the image

    Source
    ------
    nnU-Net 2.8.1, ``convert_predicted_logits_to_segmentation_with_correct_shape``.
    """
    part = np.zeros(source.shape, dtype=np.uint8)
    shape = part[source.box].shape
    spacings = (_target_spacing(step, source.spacing_mm), source.spacing_mm)
    heads = (resized(score, shape, spacings, step.score_spline) for score in scores)
    if step.by_region:
        for value, score in zip(step.values, heads, strict=True):
            # A probability above a half.
            part[source.box][score > 0] = value
    else:
        part[source.box] = np.array(step.values, dtype=np.uint8)[highest(heads, shape)]
    # Back to (superior, anterior, right), and from there to (right, anterior, superior).
    return np.ascontiguousarray(part.transpose(np.argsort(step.transpose)).transpose(2, 1, 0))


def _target_spacing(step: StockStep, spacing_mm: tuple[float, ...]) -> tuple[float, ...]:
    """Return the network's spacing; a two-dimensional one leaves that between slices as it is."""
    return (*spacing_mm[: 3 - len(step.spacing_mm)], *step.spacing_mm)


def _normalized(
    image: NDArray[np.float32], inside: NDArray[np.bool_], how: StockChannel
) -> NDArray[np.float32]:
    match how.normalization:
        case Normalization.Z_SCORE:
            return _z_score(image, inside if how.masked else np.ones_like(inside))
        case Normalization.CT:
            mean, deviation, low, high = how.intensities or (0.0, 1.0, 0.0, 0.0)
            return (image.clip(low, high) - np.float32(mean)) / np.float32(
                max(deviation, _SMALLEST_SD)
            )
        case Normalization.RESCALE:
            lifted: NDArray[np.float32] = image - image.min()
            lifted /= max(lifted.max(), np.float32(_SMALLEST_SD))
            return lifted
        case Normalization.NONE:
            return image


def _z_score(image: NDArray[np.float32], inside: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Normalize what is inside; outside stands what stood there."""
    mean, deviation = image[inside].mean(), image[inside].std()
    normalized = (image - mean) / max(deviation, np.float32(_SMALLEST_SD))
    outside_kept: NDArray[np.float32] = np.where(inside, normalized, image)
    return outside_kept


def _bounding_box(mask: NDArray[np.bool_]) -> tuple[slice, ...]:
    found: list[tuple[slice, ...]] = ndimage.find_objects(mask.astype(np.uint8))
    return found[0] if found else tuple(slice(0, side) for side in mask.shape)
