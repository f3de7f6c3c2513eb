"""Vertebra masks on the native grid, by the trained network or by the votes alone."""

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from torch import nn

from research.segflow.canal import find_canal
from research.segflow.images import WorkImage
from research.segflow.levels import Column, find_column
from research.segflow.rules import candidates
from research.segflow.straightening import straighten
from research.segflow.supervising import network_input, window_around
from research.segflow.training import stacked
from research.segflow.voting import vote
from research.training.examples import ArrayExamples
from research.training.loop import predict
from spine.imaging.resampling import resample
from spine.imaging.volume import Volume

# Islands smaller than the smallest part of a posterior element cut by the outer slices.
# Assumption.
SMALLEST_MM3 = 300.0


def by_network(image: WorkImage, network: nn.Module) -> NDArray[np.bool_]:
    """Segment an image; the rules only find the canal and the scale of the signal.

    Returns
    -------
    bool, shape of the native grid

    Raises
    ------
    SegmentationError
        Where no canal or too few discs are found.
    """
    column = find_column(straighten(image, find_canal(image)))
    return on_native_grid(_probabilities(image, column, network), image)


def by_votes(image: WorkImage) -> NDArray[np.bool_]:
    """Segment an image by the majority of the rules, without a network."""
    return on_native_grid(vote(candidates(image).masks), image)


def on_native_grid(shares: NDArray[np.float32], image: WorkImage) -> NDArray[np.bool_]:
    """Interpolate shares of the working grid, cut at one half, drop small islands."""
    native = resample(Volume(shares, image.grid.affine), image.native)
    numbers, count = ndimage.label(native.data >= 0.5)
    sizes = np.bincount(numbers.ravel(), minlength=count + 1) * np.prod(image.native.spacing_mm)
    sizes[0] = 0
    return np.asarray(sizes[numbers] >= SMALLEST_MM3)


def _probabilities(image: WorkImage, column: Column, network: nn.Module) -> NDArray[np.float32]:
    window = window_around(image, column)
    inputs = ArrayExamples(stacked(network_input(image, column, window)))
    logits = predict(network, inputs, batch_size=2)
    vertebra = torch.softmax(torch.from_numpy(logits), dim=1)[:, 1].numpy()
    return window.paste(vertebra, image.data.shape)
