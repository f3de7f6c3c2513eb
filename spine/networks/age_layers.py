"""The convolution blocks of the age DCNN in numpy, for backends that build their own graph."""

import copy
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from spine.networks.age_dcnn import AgeDCNN


@dataclass(frozen=True, slots=True, eq=False)
class AgeLayer:
    """A block: convolution with the batch-norm folded in, rectified, then pooled (P1, Table 2).

    Attributes
    ----------
    kernel : shape (outputs, inputs, 3, 3, 3), last axes anterior, superior, right
    bias : shape (outputs,)
    pool : of the maximum, voxels, order anterior, superior, right
    """

    kernel: NDArray[np.float32]
    bias: NDArray[np.float32]
    pool: tuple[int, int, int]


def layers_from_network(network: AgeDCNN) -> tuple[AgeLayer, ...]:
    """Copy a trained network's blocks; the network is left as it was."""
    return tuple(_layer(list(block.children())) for block in copy.deepcopy(network.blocks).eval())


def _layer(block: list[nn.Module]) -> AgeLayer:
    convolution, norm, _, pooling = block
    if not (
        isinstance(convolution, nn.Conv3d)
        and isinstance(norm, nn.BatchNorm3d)
        and isinstance(pooling, nn.MaxPool3d)
        and isinstance(pooling.kernel_size, tuple)
    ):
        raise AssertionError("the architecture fixes the layers of its blocks")
    folded = fuse_conv_bn_eval(convolution, norm)
    if folded.bias is None:
        raise AssertionError("a folded batch-norm leaves a bias")
    anterior, superior, right = pooling.kernel_size
    return AgeLayer(
        folded.weight.detach().numpy(), folded.bias.detach().numpy(), (anterior, superior, right)
    )
