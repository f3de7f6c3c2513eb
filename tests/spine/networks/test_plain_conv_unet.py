import copy

import pytest
import torch

from spine.errors import Code, ModelIntegrityError
from spine.networks.plain_conv_unet import (
    CLASS_NAME,
    COARSE_CONFIGURATION,
    FINE_CONFIGURATION,
    network_from_plans,
)

PLANS = {
    "configurations": {
        "3d_coarse": {
            "architecture": {
                "network_class_name": CLASS_NAME,
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
                "_kw_requires_import": ["conv_op", "norm_op", "dropout_op", "nonlin"],
            }
        }
    }
}


def architecture(plans):
    return plans["configurations"]["3d_coarse"]["architecture"]


def test_plans_build_a_network_of_nine_classes():
    network = network_from_plans(PLANS)

    assert network(torch.zeros(1, 1, 4, 8, 12)).shape == (1, 9, 4, 8, 12)


@pytest.mark.parametrize("argument", ["conv_op", "nonlin", "dropout_op"])
def test_class_outside_the_list_is_refused_and_never_called(argument):
    plans = copy.deepcopy(PLANS)
    architecture(plans)["arch_kwargs"][argument] = "os.system"

    with pytest.raises(ModelIntegrityError) as caught:
        network_from_plans(plans)

    assert caught.value.code is Code.MODEL_INVALID


def test_network_class_outside_the_list_is_refused():
    plans = copy.deepcopy(PLANS)
    architecture(plans)["network_class_name"] = "subprocess.Popen"

    with pytest.raises(ModelIntegrityError):
        network_from_plans(plans)


@pytest.mark.parametrize("plans", [{}, {"configurations": {}}, {"configurations": []}])
def test_incomplete_plans_are_refused(plans):
    with pytest.raises(ModelIntegrityError):
        network_from_plans(plans)


def test_unknown_argument_is_refused():
    plans = copy.deepcopy(PLANS)
    architecture(plans)["arch_kwargs"]["surprise"] = 1

    with pytest.raises(ModelIntegrityError):
        network_from_plans(plans)


def both():
    """Plans of two networks: the fine one is two-dimensional."""
    plans = copy.deepcopy(PLANS)
    fine = copy.deepcopy(plans["configurations"][COARSE_CONFIGURATION])
    fine["architecture"]["arch_kwargs"] |= {
        "conv_op": "torch.nn.modules.conv.Conv2d",
        "norm_op": "torch.nn.modules.instancenorm.InstanceNorm2d",
        "kernel_sizes": [[3, 3], [3, 3], [3, 3]],
        "strides": [[1, 1], [2, 2], [2, 2]],
    }
    plans["configurations"][FINE_CONFIGURATION] = fine
    return plans


def test_the_fine_configuration_takes_three_channels_and_gives_seven_classes():
    network = network_from_plans(both(), FINE_CONFIGURATION)

    assert network(torch.zeros(2, 3, 16, 8)).shape == (2, 7, 16, 8)
    assert network_from_plans(both())(torch.zeros(1, 1, 4, 8, 12)).shape == (1, 9, 4, 8, 12)


@pytest.mark.parametrize(
    ("configuration", "foreign"), [(COARSE_CONFIGURATION, "2d"), (FINE_CONFIGURATION, "3d")]
)
def test_a_configuration_takes_only_layers_of_its_own_dimension(configuration, foreign):
    plans = both()
    arguments = plans["configurations"][configuration]["architecture"]["arch_kwargs"]
    arguments["conv_op"] = f"torch.nn.modules.conv.Conv{foreign}"

    with pytest.raises(ModelIntegrityError) as caught:
        network_from_plans(plans, configuration)

    assert caught.value.code is Code.MODEL_INVALID


def test_plans_without_the_fine_configuration_are_incomplete():
    with pytest.raises(ModelIntegrityError) as caught:
        network_from_plans(PLANS, FINE_CONFIGURATION)

    assert caught.value.code is Code.MODEL_INVALID
