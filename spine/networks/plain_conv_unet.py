"""nnU-Net's plain U-Nets, built from a plans file that may name only what is listed here."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from dynamic_network_architectures.architectures.unet import PlainConvUNet
from torch import nn

from spine.anatomy.labels import FineClass, TissueClass
from spine.errors import Code, ModelIntegrityError

COARSE_CONFIGURATION = "3d_coarse"
FINE_CONFIGURATION = "2d_fine"
CLASS_NAME = "dynamic_network_architectures.architectures.unet.PlainConvUNet"

# nnU-Net would locate and call whatever class the file names; these are the only ones.
_ALLOWED_3D: Mapping[str, type[nn.Module]] = {
    "torch.nn.modules.conv.Conv3d": nn.Conv3d,
    "torch.nn.modules.instancenorm.InstanceNorm3d": nn.InstanceNorm3d,
    "torch.nn.LeakyReLU": nn.LeakyReLU,
}
_ALLOWED_2D: Mapping[str, type[nn.Module]] = {
    "torch.nn.modules.conv.Conv2d": nn.Conv2d,
    "torch.nn.modules.instancenorm.InstanceNorm2d": nn.InstanceNorm2d,
    "torch.nn.LeakyReLU": nn.LeakyReLU,
}
CLASS_ARGUMENTS = ("conv_op", "norm_op", "dropout_op", "nonlin")
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


@dataclass(frozen=True, slots=True)
class _Kind:
    """What a configuration may be built of, and what goes in and comes out."""

    allowed: Mapping[str, type[nn.Module]]
    channels: int
    classes: int


_KINDS: Mapping[str, _Kind] = {
    COARSE_CONFIGURATION: _Kind(_ALLOWED_3D, 1, len(TissueClass)),
    FINE_CONFIGURATION: _Kind(_ALLOWED_2D, 3, len(FineClass)),
}


def network_from_plans(
    plans: Mapping[str, Any], configuration: str = COARSE_CONFIGURATION
) -> nn.Module:
    """Build the network of one configuration of a plans file, weights not yet loaded.

    Parameters
    ----------
    plans : nnU-Net's plans: each entry of ``configurations`` is complete in itself, with
        ``architecture`` = ``network_class_name`` and ``arch_kwargs``
    configuration : `COARSE_CONFIGURATION` or `FINE_CONFIGURATION`

    Returns
    -------
    coarse : (n, 1, right, superior, anterior) to logits (n, 9 classes, right, superior, anterior)
    fine : (n, 3, superior, anterior) to logits (n, 7 classes, superior, anterior)

    Raises
    ------
    ModelIntegrityError
        ``MODEL_INVALID`` where the file is incomplete or names any class not allowed.

    Source
    ------
    Isensee et al., nnU-Net (Nature Methods 2021).
    """
    try:
        architecture = plans["configurations"][configuration]["architecture"]
        if architecture["network_class_name"] != CLASS_NAME:
            raise _invalid("the plans name another network class")
        kind = _KINDS[configuration]
        network: nn.Module = PlainConvUNet(
            input_channels=kind.channels,
            num_classes=kind.classes,
            deep_supervision=False,
            **allowed_arguments(architecture["arch_kwargs"], kind.allowed, _PLAIN_ARGUMENTS),
        )
    except (KeyError, ValueError, TypeError, AttributeError, AssertionError) as error:
        raise _invalid("the plans are incomplete or contradict themselves") from error
    return network


def allowed_arguments(
    stated: Mapping[str, Any], allowed: Mapping[str, type[nn.Module]], plain: Collection[str]
) -> dict[str, Any]:
    """Turn the arguments of a plans file into those of a network, its classes looked up.

    Parameters
    ----------
    allowed : classes by the name that plans give them
    plain : arguments that are no classes

    Raises
    ------
    ModelIntegrityError
        ``MODEL_INVALID`` for an argument or a class that is in neither.
    """
    unknown = set(stated) - {*CLASS_ARGUMENTS, *plain}
    if unknown:
        raise _invalid("the plans state arguments that are not allowed")
    arguments = {key: stated[key] for key in plain if key in stated}
    for key in CLASS_ARGUMENTS:
        name = stated.get(key)
        if name is not None and name not in allowed:
            raise _invalid("the plans name a class that is not allowed")
        arguments[key] = None if name is None else allowed[name]
    return arguments


def _invalid(reason: str) -> ModelIntegrityError:
    return ModelIntegrityError(Code.MODEL_INVALID, reason)
