"""The compact nnU-Net plans: one configuration, complete in itself."""

from typing import Any

from spine.anatomy.labels import TissueClass
from spine.networks.plain_conv_unet import CLASS_NAME
from spine.preprocessing.segmentation import SegmentationSpec

DATASET = "Dataset001_SpineMAP"
CONFIGURATION = "3d_window"
PLANS = "SpineMAPPlans"
TRAINER = "nnUNetTrainer"

# At 3 x 1.8 x 1.8 mm this window holds a whole spine (P1's 345 x 714 mm) and 48 mm across.
WINDOW = SegmentationSpec(spacing_mm=(3.0, 1.8, 1.8), shape=(16, 192, 400))

FEATURES = (8, 16, 32, 64, 96)
# In plane first: slices are 3 mm apart, pixels 1.8 mm.
STRIDES = ((1, 1, 1), (1, 2, 2), (2, 2, 2), (2, 2, 2), (1, 2, 2))
# The lowest stage's long kernels reach over half the spine: regions look alike from near by.
KERNELS = ((1, 3, 3), (3, 3, 3), (3, 3, 3), (3, 3, 3), (3, 7, 5))
CONVOLUTIONS = (1, 1, 2, 2, 2)


def plans_from_spec(spec: SegmentationSpec) -> dict[str, Any]:
    """Write the plans of a network whose patch is the whole window.

    nnU-Net neither resamples nor normalizes: cases come as the service's own windows.
    """
    right, anterior, superior = spec.spacing_mm
    spacing = [right, superior, anterior]
    shape = list(spec.network_shape[1:])
    return {
        "dataset_name": DATASET,
        "plans_name": PLANS,
        "original_median_spacing_after_transp": spacing,
        "original_median_shape_after_transp": shape,
        "image_reader_writer": "SimpleITKIO",
        "transpose_forward": [0, 1, 2],
        "transpose_backward": [0, 1, 2],
        "experiment_planner_used": "none: docs/adr/0031",
        "label_manager": "LabelManager",
        "foreground_intensity_properties_per_channel": {"0": {}},
        "configurations": {CONFIGURATION: _configuration(spacing, shape)},
    }


def dataset_from_classes(cases: int) -> dict[str, Any]:
    """Write nnU-Net's ``dataset.json`` for the eight classes of P1."""
    return {
        "channel_names": {"0": "T2"},
        "labels": {tissue.name.lower(): int(tissue) for tissue in TissueClass},
        "numTraining": cases,
        "file_ending": ".nii.gz",
    }


def _configuration(spacing: list[float], shape: list[int]) -> dict[str, Any]:
    order = {"is_seg": False, "order": 1, "order_z": 0, "force_separate_z": None}
    return {
        "data_identifier": f"{PLANS}_{CONFIGURATION}",
        "preprocessor_name": "DefaultPreprocessor",
        "batch_size": 1,
        "patch_size": shape,
        "median_image_size_in_voxels": [float(side) for side in shape],
        "spacing": spacing,
        "normalization_schemes": ["NoNormalization"],
        "use_mask_for_norm": [False],
        "resampling_fn_data": "resample_data_or_seg_to_shape",
        "resampling_fn_seg": "resample_data_or_seg_to_shape",
        "resampling_fn_probabilities": "resample_data_or_seg_to_shape",
        "resampling_fn_data_kwargs": order,
        "resampling_fn_seg_kwargs": {**order, "is_seg": True},
        "resampling_fn_probabilities_kwargs": order,
        "architecture": _architecture(),
        "batch_dice": False,
    }


def _architecture() -> dict[str, Any]:
    return {
        "network_class_name": CLASS_NAME,
        "arch_kwargs": {
            "n_stages": len(FEATURES),
            "features_per_stage": list(FEATURES),
            "conv_op": "torch.nn.modules.conv.Conv3d",
            "kernel_sizes": [list(kernel) for kernel in KERNELS],
            "strides": [list(stride) for stride in STRIDES],
            "n_conv_per_stage": list(CONVOLUTIONS),
            "n_conv_per_stage_decoder": [1] * (len(FEATURES) - 1),
            "conv_bias": True,
            "norm_op": "torch.nn.modules.instancenorm.InstanceNorm3d",
            "norm_op_kwargs": {"eps": 1e-05, "affine": True},
            "dropout_op": None,
            "dropout_op_kwargs": None,
            "nonlin": "torch.nn.LeakyReLU",
            "nonlin_kwargs": {"inplace": True},
        },
        "_kw_requires_import": ["conv_op", "norm_op", "dropout_op", "nonlin"],
    }
