import copy

import pytest
import torch

from spine.errors import Code, ModelIntegrityError
from spine.networks.stock_unet import pooling, stock_network

PLAIN = {
    "network_class_name": "dynamic_network_architectures.architectures.unet.PlainConvUNet",
    "arch_kwargs": {
        "n_stages": 3,
        "features_per_stage": [4, 8, 8],
        "conv_op": "torch.nn.modules.conv.Conv3d",
        "kernel_sizes": [[1, 3, 3], [3, 3, 3], [3, 3, 3]],
        "strides": [[1, 1, 1], [1, 2, 2], [2, 2, 2]],
        "n_conv_per_stage": [1, 1, 1],
        "n_conv_per_stage_decoder": [1, 1],
        "conv_bias": True,
        "norm_op": "torch.nn.modules.instancenorm.InstanceNorm3d",
        "norm_op_kwargs": {"eps": 1e-5, "affine": True},
        "dropout_op": None,
        "dropout_op_kwargs": None,
        "nonlin": "torch.nn.LeakyReLU",
        "nonlin_kwargs": {"inplace": True},
    },
}


def residual():
    found = copy.deepcopy(PLAIN)
    found["network_class_name"] = found["network_class_name"].replace(
        "PlainConvUNet", "ResidualEncoderUNet"
    )
    found["arch_kwargs"]["n_blocks_per_stage"] = found["arch_kwargs"].pop("n_conv_per_stage")
    return found


@pytest.mark.parametrize("architecture", [PLAIN, residual()])
def test_both_architectures_have_as_many_channels_and_heads_as_asked_for(architecture):
    network = stock_network(architecture, channels=2, heads=11).eval()
    assert network(torch.zeros(1, 2, 4, 8, 12)).shape == (1, 11, 4, 8, 12)


def test_pooling_multiplies_the_strides_of_every_stage():
    assert pooling(PLAIN, 3) == (2, 4, 4)
    assert pooling({"arch_kwargs": {"strides": [1, 2, 2]}}, 2) == (4, 4)


@pytest.mark.parametrize("argument", ["network_class_name", "conv_op", "norm_op", "nonlin"])
def test_any_other_class_is_refused_and_never_called(argument):
    architecture = copy.deepcopy(PLAIN)
    place = architecture if argument in architecture else architecture["arch_kwargs"]
    place[argument] = "os.system"
    with pytest.raises(ModelIntegrityError) as caught:
        stock_network(architecture, 1, 2)
    assert caught.value.code is Code.MODEL_INVALID


@pytest.mark.parametrize(
    "change", [{"block": "os.system"}, {"n_stages": 9}, {"strides": "none"}, {"conv_op": None}]
)
def test_incomplete_or_unknown_arguments_are_refused(change):
    architecture = copy.deepcopy(PLAIN)
    architecture["arch_kwargs"].update(change)
    with pytest.raises(ModelIntegrityError):
        stock_network(architecture, 1, 2)
