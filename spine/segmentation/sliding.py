"""A stock network over an image that is larger than its patch: overlapping windows, blended."""

from collections.abc import Iterator
from itertools import chain, combinations, product
from math import ceil

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spine.errors import Code, SegmentationError
from spine.inference.models import Network
from spine.preprocessing.stock import StockStep
from spine.segmentation.coarse import finite_scores

# nnU-Net's tile_step_size, the sigma of its weights over the patch's side, and the largest.
STEP = 0.5
SIGMA = 1 / 8
PEAK = 10.0


def sliding_scores(
    data: NDArray[np.float32], network: Network, step: StockStep
) -> NDArray[np.float16]:
    """Average the scores of windows half a patch apart, weighted towards their centers.

    Weights and sums are of half precision, as nnU-Net's: in a window's corners, where weights
    come near to 0, another precision gives other labels than the net was published with.

    Parameters
    ----------
    data : shape (channels, ...), three axes; padded with zeros to a patch where it is smaller

    Returns
    -------
    float16, logits, shape (heads, ...)

    Raises
    ------
    SegmentationError
        ``NOT_FINITE``, see `finite_scores`; also for sums beyond half precision.

    Source
    ------
    nnU-Net 2.8.1, ``nnUNetPredictor.predict_sliding_window_return_logits``.
    """
    # A two-dimensional patch is one slice thick.
    patch = (1,) * (3 - len(step.patch)) + step.patch
    padded, inner = _padded(data, patch)
    weights = gaussian_weights(patch)
    total = np.zeros((len(step.values), *padded.shape[1:]), dtype=np.float16)
    weight = np.zeros(padded.shape[1:], dtype=np.float16)
    for start in product(*map(window_starts, padded.shape[1:], patch)):
        window = tuple(slice(at, at + side) for at, side in zip(start, patch, strict=True))
        item = padded[:, *window].reshape(step.network_shape)
        scores = _mirrored_mean(item, network, step.mirror_axes)
        # Added in single precision, kept in half.
        total[:, *window] = total[:, *window] + scores.reshape(-1, *patch) * weights
        weight[window] += weights
    total /= weight
    if not np.isfinite(total).all():
        raise SegmentationError(Code.NOT_FINITE, "the network's scores are too large")
    return total[:, *inner]


def window_starts(length: int, side: int) -> list[int]:
    """Spread windows evenly over an axis, at most half a window apart."""
    count = ceil((length - side) / (side * STEP)) + 1
    distance = (length - side) / max(1, count - 1)
    return [int(np.round(distance * number)) for number in range(count)]


def gaussian_weights(patch: tuple[int, ...]) -> NDArray[np.float16]:
    """Return a bell around the patch's center, `PEAK` there and above 0 everywhere."""
    peak = np.zeros(patch)
    peak[tuple(side // 2 for side in patch)] = 1
    sigmas = [side * SIGMA for side in patch]
    bell = ndimage.gaussian_filter(peak, sigmas, mode="constant")
    weights: NDArray[np.float16] = (bell / bell.max() * PEAK).astype(np.float16)
    weights[weights == 0] = weights[weights > 0].min()
    return weights


def _mirrored_mean(
    item: NDArray[np.float32], network: Network, mirror_axes: tuple[int, ...]
) -> NDArray[np.float32]:
    """Average the network's scores over every combination of mirrored axes, none of them too."""
    passes = [
        np.flip(finite_scores(network, np.flip(item, axes)[None])[0], axes)
        for axes in _combinations(mirror_axes)
    ]
    mean: NDArray[np.float32] = np.mean(passes, axis=0, dtype=np.float32)
    return mean


def _combinations(mirror_axes: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    # The first axis of the item is that of its channels.
    axes = tuple(axis + 1 for axis in mirror_axes)
    return chain.from_iterable(combinations(axes, count) for count in range(len(axes) + 1))


def _padded(
    data: NDArray[np.float32], patch: tuple[int, ...]
) -> tuple[NDArray[np.float32], tuple[slice, ...]]:
    """Put zeros around what is smaller than a patch; also return where the data then lie."""
    lacking = [max(0, side - own) for side, own in zip(patch, data.shape[1:], strict=True)]
    around = [(lack // 2, lack - lack // 2) for lack in lacking]
    inner = tuple(
        slice(low, low + own) for (low, _), own in zip(around, data.shape[1:], strict=True)
    )
    return np.pad(data, [(0, 0), *around]), inner
