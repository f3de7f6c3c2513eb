import json

import numpy as np
import pytest
import torch

from spine.networks.stock_unet import stock_network
from tests.research.stock.training import MERGED, STEP_1, STEP_2, Recipe, train

ARCHITECTURE = {
    "network_class_name": "dynamic_network_architectures.architectures.unet.PlainConvUNet",
    "arch_kwargs": {
        "n_stages": 2,
        "features_per_stage": [4, 8],
        "conv_op": "torch.nn.modules.conv.Conv3d",
        "kernel_sizes": [[3, 3, 3], [3, 3, 3]],
        "strides": [[1, 1, 1], [2, 2, 2]],
        "n_conv_per_stage": [1, 1],
        "n_conv_per_stage_decoder": [1],
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
_RESAMPLING = "resample_data_or_seg_to_shape"
_SPLINE = {"is_seg": False, "order_z": 0, "force_separate_z": None}


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """Folders that nnU-Net's own planner and trainer wrote: TotalSpineSeg's two steps, and
    a two-dimensional residual net of SPIDER's merged labels that was trained on all cases."""
    recipes = {
        "step 1": Recipe(STEP_1),
        "step 2": Recipe(STEP_2),
        "merged": Recipe(MERGED, "2d", residual=True, patch=(48, 32), fold="all"),
    }
    return {
        name: train(tmp_path_factory.mktemp("stock"), recipe) for name, recipe in recipes.items()
    }


@pytest.fixture
def written(tmp_path):
    """A stock folder written by hand, untrained: plans, data set and checkpoint as nnU-Net's."""

    def write(name="Trainer__Plans__3d_fullres", dataset=STEP_1):
        folder = tmp_path / name
        channels = len(dataset["channel_names"])
        (folder / "fold_0").mkdir(parents=True)
        (folder / "plans.json").write_text(json.dumps(plans_of(channels)))
        (folder / "dataset.json").write_text(json.dumps({**dataset, "numTraining": 7}))
        heads = len(dataset.get("regions_class_order", dataset["labels"]))
        torch.manual_seed(0)
        network = stock_network(ARCHITECTURE, channels, heads)
        torch.save(checkpoint_of(network), folder / "fold_0" / "checkpoint_final.pth")
        return folder

    return write


def plans_of(channels):
    configuration = {
        "data_identifier": "Plans_3d_fullres",
        "preprocessor_name": "DefaultPreprocessor",
        "patch_size": [8, 16, 16],
        "spacing": [6.0, 2.5, 2.5],
        "normalization_schemes": ["ZScoreNormalization", "NoNormalization"][:channels],
        "use_mask_for_norm": [False] * channels,
        "resampling_fn_data": _RESAMPLING,
        "resampling_fn_probabilities": _RESAMPLING,
        "resampling_fn_data_kwargs": {**_SPLINE, "order": 3},
        "resampling_fn_probabilities_kwargs": {**_SPLINE, "order": 1},
        "architecture": ARCHITECTURE,
    }
    return {
        "dataset_name": "Dataset101_Written",
        "plans_name": "Plans",
        "image_reader_writer": "SimpleITKIO",
        "label_manager": "LabelManager",
        "transpose_forward": [2, 0, 1],
        "transpose_backward": [1, 2, 0],
        "foreground_intensity_properties_per_channel": {str(n): {} for n in range(channels)},
        "configurations": {"3d_fullres": configuration},
    }


def checkpoint_of(network):
    """Return what nnU-Net saves, NumPy's numbers in its log among it."""
    return {
        "network_weights": network.state_dict(),
        "optimizer_state": {"state": {}, "param_groups": [{"lr": 0.01}]},
        "grad_scaler_state": None,
        "logging": {"mean_fg_dice": [np.float64(0.5), np.float32(0.25)], "epochs": [np.int64(3)]},
        "_best_ema": np.float32(0.3),
        "current_epoch": 1,
        "init_args": {"configuration": "3d_fullres", "fold": 0, "device": torch.device("cpu")},
        "trainer_name": "Trainer",
        "inference_allowed_mirroring_axes": (0, 2),
    }
