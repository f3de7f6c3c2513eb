"""U-Nets of any stock nnU-Net v2: two architectures, built of what is listed here and no other.

nnU-Net locates and calls whatever its plans name; see docs/adr/0036-stock-nnunet.md.
"""

from collections.abc import Mapping
from math import prod
from typing import Any

from dynamic_network_architectures.architectures.unet import PlainConvUNet, ResidualEncoderUNet
from torch import nn

from spine.errors import Code, ModelIntegrityError
from spine.networks.plain_conv_unet import allowed_arguments

_UNETS = "dynamic_network_architectures.architectures"
_NETWORKS: Mapping[str, type[nn.Module]] = {
    f"{_UNETS}.unet.PlainConvUNet": PlainConvUNet,
    f"{_UNETS}.unet.ResidualEncoderUNet": ResidualEncoderUNet,
    # Where it lay before; plans of then still say so.
    f"{_UNETS}.residual_unet.ResidualEncoderUNet": ResidualEncoderUNet,
}
_ALLOWED: Mapping[str, type[nn.Module]] = {
    "torch.nn.modules.conv.Conv2d": nn.Conv2d,
    "torch.nn.modules.conv.Conv3d": nn.Conv3d,
    "torch.nn.modules.instancenorm.InstanceNorm2d": nn.InstanceNorm2d,
    "torch.nn.modules.instancenorm.InstanceNorm3d": nn.InstanceNorm3d,
    "torch.nn.modules.batchnorm.BatchNorm2d": nn.BatchNorm2d,
    "torch.nn.modules.batchnorm.BatchNorm3d": nn.BatchNorm3d,
    "torch.nn.LeakyReLU": nn.LeakyReLU,
    "torch.nn.ReLU": nn.ReLU,
}
_PLAIN_ARGUMENTS = (
    "n_stages",
    "features_per_stage",
    "kernel_sizes",
    "strides",
    "n_conv_per_stage",
    "n_blocks_per_stage",
    "n_conv_per_stage_decoder",
    "conv_bias",
    "norm_op_kwargs",
    "nonlin_kwargs",
    "dropout_op_kwargs",
)


def stock_network(architecture: Mapping[str, Any], channels: int, heads: int) -> nn.Module:
    """Build a network from the ``architecture`` of nnU-Net's plans, weights not yet loaded.

    Parameters
    ----------
    architecture : ``network_class_name`` and ``arch_kwargs``
    channels, heads : of its input and output

    Returns
    -------
    (n, channels, ...) to logits (n, heads, ...), as many axes as its convolutions have

    Raises
    ------
    ModelIntegrityError
        ``MODEL_INVALID`` where it is incomplete or names any class not allowed.

    Source
    ------
    Isensee et al., nnU-Net (Nature Methods 2021); nnU-Net Revisited (MICCAI 2024).
    """
    try:
        name = architecture["network_class_name"]
        if name not in _NETWORKS:
            raise _invalid("the plans name another network class")
        arguments = allowed_arguments(architecture["arch_kwargs"], _ALLOWED, _PLAIN_ARGUMENTS)
        return _NETWORKS[name](
            input_channels=channels, num_classes=heads, deep_supervision=False, **arguments
        )
    except (KeyError, ValueError, TypeError, AttributeError, AssertionError) as error:
        raise _invalid("the plans are incomplete or contradict themselves") from error


def pooling(architecture: Mapping[str, Any], axes: int) -> tuple[int, ...]:
    """Return by how much the network's lowest stage is coarser than its input, by axis."""
    strides = architecture["arch_kwargs"]["strides"]
    by_stage = [[one] * axes if isinstance(one, int) else one for one in strides]
    return tuple(prod(stage[axis] for stage in by_stage) for axis in range(axes))


def _invalid(reason: str) -> ModelIntegrityError:
    return ModelIntegrityError(Code.MODEL_INVALID, reason)
