"""The compact nnU-Net plans: one configuration for each of the two nets, complete in itself."""

from enum import IntEnum, StrEnum
from typing import Any

from spine.anatomy.labels import FineClass, TissueClass
from spine.networks.plain_conv_unet import (
    CLASS_NAME,
    COARSE_CONFIGURATION,
    FINE_CONFIGURATION,
)
from spine.preprocessing.fine import FineSpec
from spine.preprocessing.segmentation import WindowSpec

DATASET = "Dataset001_SpineMAP"
PLANS = "SpineMAPPlans"

# At 3 x 1.8 x 1.8 mm this window holds a whole spine (P1's 345 x 714 mm) and 48 mm across.
COARSE_SPEC = WindowSpec(spacing_mm=(3.0, 1.8, 1.8), shape=(16, 192, 400))
FINE_SPEC = FineSpec()


class Net(StrEnum):
    """Which of the two nets: where the spine is and what region, or its exact outlines."""

    COARSE = "coarse"
    FINE = "fine"

    @property
    def configuration(self) -> str:
        """Name of its configuration in the plans."""
        return {Net.COARSE: COARSE_CONFIGURATION, Net.FINE: FINE_CONFIGURATION}[self]

    @property
    def classes(self) -> type[IntEnum]:
        """What it tells apart."""
        return {Net.COARSE: TissueClass, Net.FINE: FineClass}[self]

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of its input channels."""
        return {Net.COARSE: ("T2",), Net.FINE: ("left", "T2", "right")}[self]


def network_plans(nets: tuple[Net, ...] = tuple(Net)) -> dict[str, Any]:
    """Write nnU-Net's plans for some nets, each of whose patch is its window.

    nnU-Net neither resamples nor normalizes: cases come as the service's own windows.
    """
    right, anterior, superior = COARSE_SPEC.spacing_mm
    return {
        "dataset_name": DATASET,
        "plans_name": PLANS,
        "original_median_spacing_after_transp": [right, superior, anterior],
        "original_median_shape_after_transp": list(COARSE_SPEC.network_shape[1:]),
        "image_reader_writer": "SimpleITKIO",
        "transpose_forward": [0, 1, 2],
        "transpose_backward": [0, 1, 2],
        "experiment_planner_used": "none: docs/adr/0031",
        "label_manager": "LabelManager",
        "foreground_intensity_properties_per_channel": {
            str(number): {} for net in nets for number in range(len(net.channels))
        },
        "configurations": {
            net.configuration: {Net.COARSE: _coarse, Net.FINE: _fine}[net]() for net in nets
        },
    }


def _coarse() -> dict[str, Any]:
    right, anterior, superior = COARSE_SPEC.spacing_mm
    # In plane first: slices are 3 mm apart, pixels 1.8 mm. The lowest stage's long kernels
    # reach over half the spine: regions look alike from near by.
    architecture = _architecture(
        3,
        features=(8, 16, 32, 64, 96),
        strides=((1, 1, 1), (1, 2, 2), (2, 2, 2), (2, 2, 2), (1, 2, 2)),
        kernels=((1, 3, 3), (3, 3, 3), (3, 3, 3), (3, 3, 3), (3, 7, 5)),
        convolutions=(1, 1, 2, 2, 2),
    )
    patch = list(COARSE_SPEC.network_shape[1:])
    return _configuration(Net.COARSE, [right, superior, anterior], patch, architecture)


def _fine() -> dict[str, Any]:
    stages = 6
    architecture = _architecture(
        2,
        features=(16, 32, 64, 96, 128, 160),
        strides=((1, 1), *((2, 2),) * (stages - 1)),
        kernels=((3, 3),) * stages,
        convolutions=(1,) * stages,
    )
    pixel = FINE_SPEC.pixel_mm
    anterior, superior = FINE_SPEC.shape
    return _configuration(Net.FINE, [pixel, pixel], [superior, anterior], architecture)


def _configuration(
    net: Net, spacing: list[float], patch: list[int], architecture: dict[str, Any]
) -> dict[str, Any]:
    order = {"is_seg": False, "order": 1, "order_z": 0, "force_separate_z": None}
    return {
        "data_identifier": f"{PLANS}_{net.configuration}",
        "preprocessor_name": "DefaultPreprocessor",
        "batch_size": 1,
        "patch_size": patch,
        "median_image_size_in_voxels": [float(side) for side in patch],
        "spacing": spacing,
        "normalization_schemes": ["NoNormalization"] * len(net.channels),
        "use_mask_for_norm": [False] * len(net.channels),
        "resampling_fn_data": "resample_data_or_seg_to_shape",
        "resampling_fn_seg": "resample_data_or_seg_to_shape",
        "resampling_fn_probabilities": "resample_data_or_seg_to_shape",
        "resampling_fn_data_kwargs": order,
        "resampling_fn_seg_kwargs": {**order, "is_seg": True},
        "resampling_fn_probabilities_kwargs": order,
        "architecture": architecture,
        # The classes of a narrow window change from one to the next.
        "batch_dice": True,
    }


def _architecture(
    dimensions: int,
    *,
    features: tuple[int, ...],
    strides: tuple[tuple[int, ...], ...],
    kernels: tuple[tuple[int, ...], ...],
    convolutions: tuple[int, ...],
) -> dict[str, Any]:
    return {
        "network_class_name": CLASS_NAME,
        "arch_kwargs": {
            "n_stages": len(features),
            "features_per_stage": list(features),
            "conv_op": f"torch.nn.modules.conv.Conv{dimensions}d",
            "kernel_sizes": [list(kernel) for kernel in kernels],
            "strides": [list(stride) for stride in strides],
            "n_conv_per_stage": list(convolutions),
            "n_conv_per_stage_decoder": [1] * (len(features) - 1),
            "conv_bias": True,
            "norm_op": f"torch.nn.modules.instancenorm.InstanceNorm{dimensions}d",
            "norm_op_kwargs": {"eps": 1e-05, "affine": True},
            "dropout_op": None,
            "dropout_op_kwargs": None,
            "nonlin": "torch.nn.LeakyReLU",
            "nonlin_kwargs": {"inplace": True},
        },
        "_kw_requires_import": ["conv_op", "norm_op", "dropout_op", "nonlin"],
    }
