import copy

import pytest
import torch

from spine.errors import Code, ModelIntegrityError
from spine.networks.plain_conv_unet import CLASS_NAME, network_from_plans

PLANS = {
    "configurations": {
        "3d_compact": {
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
    return plans["configurations"]["3d_compact"]["architecture"]


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
