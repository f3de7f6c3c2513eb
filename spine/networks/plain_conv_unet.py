"""nnU-Net's plain U-Net, built from a plans file that may name only what is listed here."""

from collections.abc import Mapping
from typing import Any

from dynamic_network_architectures.architectures.unet import PlainConvUNet
from torch import nn

from spine.anatomy.labels import TissueClass
from spine.errors import Code, ModelIntegrityError

CLASS_NAME = "dynamic_network_architectures.architectures.unet.PlainConvUNet"

# nnU-Net would locate and call whatever class the file names; these are the only ones.
_ALLOWED: Mapping[str, type[nn.Module]] = {
    "torch.nn.modules.conv.Conv3d": nn.Conv3d,
    "torch.nn.modules.instancenorm.InstanceNorm3d": nn.InstanceNorm3d,
    "torch.nn.LeakyReLU": nn.LeakyReLU,
}
_CLASS_ARGUMENTS = ("conv_op", "norm_op", "dropout_op", "nonlin")
_PLAIN_ARGUMENTS = (
    "n_stages",
    "features_per_stage",
    "kernel_sizes",
    "strides",
    "n_conv_per_stage",
    "n_conv_per_stage_decoder",
    "conv_bias",
    "norm_op_kwargs",
    "nonlin_kwargs",
    "dropout_op_kwargs",
)


def network_from_plans(plans: Mapping[str, Any]) -> nn.Module:
    """Build the network of a plans file's only configuration, weights not yet loaded.

    Parameters
    ----------
    plans : nnU-Net's plans: ``configurations`` holds one entry, complete in itself, with
        ``architecture`` = ``network_class_name`` and ``arch_kwargs``

    Returns
    -------
    (n, 1, right, superior, anterior) to logits (n, 9 classes, right, superior, anterior)

    Raises
    ------
    ModelIntegrityError
        ``MODEL_INVALID`` where the file is incomplete or names any class not allowed.

    Source
    ------
    Isensee et al., nnU-Net (Nature Methods 2021).
    """
    try:
        (configuration,) = plans["configurations"].values()
        architecture = configuration["architecture"]
        if architecture["network_class_name"] != CLASS_NAME:
            raise _invalid("the plans name another network class")
        arguments = _arguments(architecture["arch_kwargs"])
        network: nn.Module = PlainConvUNet(
            input_channels=1, num_classes=len(TissueClass), deep_supervision=False, **arguments
        )
    except (KeyError, ValueError, TypeError, AttributeError, AssertionError) as error:
        raise _invalid("the plans are incomplete or contradict themselves") from error
    return network


def _arguments(stated: Mapping[str, Any]) -> dict[str, Any]:
    unknown = set(stated) - {*_CLASS_ARGUMENTS, *_PLAIN_ARGUMENTS}
    if unknown:
        raise _invalid("the plans state arguments that are not allowed")
    arguments = {key: stated[key] for key in _PLAIN_ARGUMENTS if key in stated}
    for key in _CLASS_ARGUMENTS:
        name = stated.get(key)
        if name is not None and name not in _ALLOWED:
            raise _invalid("the plans name a class that is not allowed")
        arguments[key] = None if name is None else _ALLOWED[name]
    return arguments


def _invalid(reason: str) -> ModelIntegrityError:
    return ModelIntegrityError(Code.MODEL_INVALID, reason)
