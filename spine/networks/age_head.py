"""What the age DCNN does behind its last block, in numpy: features, age, and its gradient."""

import copy
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.utils.fusion import fuse_conv_bn_eval

from spine.networks.age_dcnn import AgeDCNN

Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class AgeHead:
    """The 1x1x1 top, batch-norm folded, its global maximum and the linear layer (P1, Table 2).

    So small that it costs nothing, and so plain that its gradient is exact without a framework.

    Attributes
    ----------
    top_weight, top_bias : shapes (features, channels) and (features,)
    weight, bias_years : of the linear layer, shape (features,)
    """

    top_weight: Array
    top_bias: Array
    weight: Array
    bias_years: float

    def features(self, block: Array) -> Array:
        """Return the penultimate features, shape (features,), of a last block's map."""
        found: Array = self._activations(block).max(axis=1)
        return found

    def age_years(self, block: Array) -> float:
        """Return the uncorrected age of a last block's map, shape (channels, a, s, r)."""
        return float(self.weight @ self.features(block)) + self.bias_years

    def gradient(self, block: Array) -> Array:
        """Return how the age changes with each value of a last block's map, years, same shape.

        Of each feature only the cell that holds its maximum acts, and only above zero.
        """
        activations = self._activations(block)
        cells, features = activations.argmax(axis=1), np.arange(len(self.weight))
        acting = np.where(activations[features, cells] > 0, self.weight, np.float32(0))
        slopes = np.zeros((block.shape[0], activations.shape[1]), dtype=np.float32)
        np.add.at(slopes.T, cells, acting[:, None] * self.top_weight)
        return slopes.reshape(block.shape)

    def _activations(self, block: Array) -> Array:
        """Return the top's map, shape (features, cells)."""
        flat = block.reshape(block.shape[0], -1)
        found: Array = np.maximum(self.top_weight @ flat + self.top_bias[:, None], 0)
        return found


def head_from_network(network: AgeDCNN) -> AgeHead:
    """Copy a trained network's head; the network is left as it was."""
    convolution, norm, _ = copy.deepcopy(network.top).eval()
    if not isinstance(convolution, torch.nn.Conv3d) or not isinstance(norm, torch.nn.BatchNorm3d):
        raise AssertionError("the architecture fixes the layers of its top")
    folded = fuse_conv_bn_eval(convolution, norm)
    if folded.bias is None:
        raise AssertionError("a folded batch-norm leaves a bias")
    return AgeHead(
        folded.weight.detach().numpy().reshape(folded.out_channels, -1).copy(),
        folded.bias.detach().numpy().copy(),
        network.prediction.weight.detach().numpy()[0].copy(),
        float(network.prediction.bias.detach()[0]),
    )
