"""The coarse pass: one window over the whole field of view, seen straight and mirrored."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spine.errors import Code, SegmentationError
from spine.imaging.volume import LabelMap, Volume
from spine.inference.models import Network
from spine.preprocessing.scores import highest
from spine.preprocessing.segmentation import WindowSpec, window_from_volume
from spine.segmentation.agreement import Passes


@dataclass(frozen=True, slots=True, eq=False)
class CoarseResult:
    """What the coarse net saw.

    Attributes
    ----------
    scores : float32, shape (classes, right, superior, anterior) of the window
    classes : highest score, values of `TissueClass` on the window's grid
    passes : None where no mirrored pass was made
    """

    scores: NDArray[np.float32]
    classes: LabelMap
    passes: Passes | None


def coarse_pass(
    volume: Volume, network: Network, spec: WindowSpec, *, mirrored: bool
) -> CoarseResult:
    """Run the coarse net.

    Parameters
    ----------
    volume : canonical orientation
    mirrored : whether to run it on the window mirrored left to right too, and to average

    Raises
    ------
    SegmentationError
        ``NOT_FINITE``, see `finite_scores`.
    """
    window = window_from_volume(volume, spec)
    affine = spec.grid(volume.grid).affine
    plain = finite_scores(network, window[None])[0]
    if not mirrored:
        return CoarseResult(plain, _classes(plain, affine), None)
    # The network's right is the patient's left, there and back: axis 1 of both arrays.
    other = finite_scores(network, window[None, :, ::-1])[0, :, ::-1]
    mean = (plain + other) / np.float32(2)
    passes = Passes(_classes(plain, affine), _classes(other, affine))
    return CoarseResult(mean, _classes(mean, affine), passes)


def finite_scores(network: Network, batch: NDArray[np.float32]) -> NDArray[np.float32]:
    """Run a network and refuse scores that are no numbers.

    They would look like background, and the study like one without a spine.

    Raises
    ------
    SegmentationError
        ``NOT_FINITE``
    """
    scores = network(batch)
    if not np.isfinite(scores).all():
        raise SegmentationError(Code.NOT_FINITE, "the network returned no finite scores")
    return scores


def _classes(scores: NDArray[np.float32], affine: NDArray[np.float64]) -> LabelMap:
    classes = highest(scores, scores.shape[1:])
    # (right, superior, anterior) -> (right, anterior, superior)
    return LabelMap(np.ascontiguousarray(classes.transpose(0, 2, 1)), affine)
