"""A folder of small untrained models, and what a site approved of it."""

import json
from dataclasses import asdict
from hashlib import sha256

import numpy as np
import pytest
import torch

from spine.anatomy.grades import Scale
from spine.findings import Evidence
from spine.inference.approval import Approval
from spine.inference.cards import CORRECTED_AGE_ERROR
from spine.inference.models import AGE_NAME, SEGMENTATION_NAME, disc_name
from spine.inference.weights import bytes_from_network
from spine.networks.age_dcnn import AgeDCNN
from spine.networks.plain_conv_unet import CLASS_NAME, network_from_plans
from spine.networks.vgg_m import VGGM, VGGMWidths
from spine.preprocessing.age import AgeSpec
from spine.preprocessing.disc import DiscSpec
from spine.preprocessing.fine import FineSpec
from spine.preprocessing.segmentation import SegmentationSpec, WindowSpec

AGE = AgeSpec(spacing_mm=(3.0, 9.0, 9.0), shape=(14, 40, 80))
SEGMENTATION = SegmentationSpec(WindowSpec(spacing_mm=(3.0, 9.0, 9.0), shape=(4, 40, 80)))
WIDTHS = VGGMWidths((8, 8, 8, 8, 8), 8)
ARCHITECTURE = {
    "network_class_name": CLASS_NAME,
    "arch_kwargs": {
        "n_stages": 2,
        "features_per_stage": [4, 8],
        "conv_op": "torch.nn.modules.conv.Conv3d",
        "kernel_sizes": [[1, 3, 3], [3, 3, 3]],
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
}
FINE = FineSpec(pixel_mm=4.0, shape=(16, 32), overlap=4)
FINE_ARCHITECTURE = {
    "network_class_name": CLASS_NAME,
    "arch_kwargs": {
        **ARCHITECTURE["arch_kwargs"],
        "conv_op": "torch.nn.modules.conv.Conv2d",
        "kernel_sizes": [[3, 3], [3, 3]],
        "strides": [[1, 1], [2, 2]],
        "norm_op": "torch.nn.modules.instancenorm.InstanceNorm2d",
    },
}
ERROR = {"name": CORRECTED_AGE_ERROR, "value": 4.5, "unit": "years", "n": 12, "data": "synthetic"}
INTERVALS = {
    "coverage_percent": 90,
    "data": "synthetic",
    "brackets": [
        {
            "first_years": 25,
            "last_years": 84,
            "cases": 12,
            "half_width_years": 8.5,
            "gap_percentiles_years": [value / 10 for value in range(-49, 50)],
        }
    ],
}
PLANS = {"configurations": {"3d_coarse": {"architecture": ARCHITECTURE}}}
BOTH_PLANS = {
    "configurations": {**PLANS["configurations"], "2d_fine": {"architecture": FINE_ARCHITECTURE}}
}


def card_dict(name, spec, files, **changes):
    return {
        "schema_version": 1,
        "name": name,
        "version": "0.1.0",
        "files": {file: sha256(data).hexdigest() for file, data in files.items()},
        "input": asdict(spec),
        "data": {
            "description": "none: untrained",
            "training_subjects": 0,
            "validation_subjects": 0,
            "test_subjects": 0,
        },
        "metrics": [],
        "evidence": "synthetic",
        "intended_use": "tests",
        "license": "Apache-2.0",
        "attribution": [],
        **changes,
    }


def write_model(folder, name, spec, files, **changes):
    """Write a model folder; return the hash of its card."""
    (folder / name).mkdir(parents=True)
    for file, data in files.items():
        (folder / name / file).write_bytes(data)
    card = json.dumps(card_dict(name, spec, files, **changes)).encode()
    (folder / name / "card.json").write_bytes(card)
    return sha256(card).hexdigest()


def trained(network, *shape):
    """Move the running statistics off their defaults, as training would."""
    torch.manual_seed(0)
    network.train()
    with torch.no_grad():
        network(torch.from_numpy(random_batch(2, *shape)))
    return network.eval()


def random_batch(*shape):
    return np.random.default_rng(5).normal(2, 3, size=shape).astype(np.float32)


@pytest.fixture(scope="session")
def networks():
    torch.manual_seed(0)
    age = trained(AgeDCNN(), *AGE.network_shape)
    segmentation = trained(network_from_plans(PLANS), *SEGMENTATION.coarse.network_shape)
    fine = trained(network_from_plans(BOTH_PLANS, "2d_fine"), *FINE.network_shape)
    discs = {scale: VGGM((9, 96, 128), len(scale.grades), WIDTHS).eval() for scale in Scale}
    return {"age": age, "segmentation": segmentation, "fine": fine, **discs}


@pytest.fixture
def models_folder(tmp_path, networks):
    """Write every model; return the folder and its approvals."""
    folder = tmp_path / "models"
    weights = {key: bytes_from_network(network) for key, network in networks.items()}
    plans = json.dumps(PLANS).encode()
    files = {"weights.safetensors": weights["segmentation"], "plans.json": plans}
    hashes = {
        SEGMENTATION_NAME: write_model(folder, SEGMENTATION_NAME, SEGMENTATION, files),
        AGE_NAME: write_model(
            folder,
            AGE_NAME,
            AGE,
            {"weights.safetensors": weights["age"]},
            bias={"slope": 0.8, "intercept_years": 10.0, "cases": 12},
            metrics=[ERROR],
            intervals=INTERVALS,
        ),
    }
    for scale in Scale:
        name = disc_name(scale)
        files = {"weights.safetensors": weights[scale]}
        hashes[name] = write_model(folder, name, DiscSpec(scale), files, widths=asdict(WIDTHS))
    approved = {name: Approval(value, Evidence.SYNTHETIC) for name, value in hashes.items()}
    return folder, approved


@pytest.fixture
def both_nets(tmp_path, networks):
    """Write a segmentation model of a coarse and a fine net, alone in its folder."""
    folder = tmp_path / "models"
    files = {
        "coarse.safetensors": bytes_from_network(networks["segmentation"]),
        "fine.safetensors": bytes_from_network(networks["fine"]),
        "plans.json": json.dumps(BOTH_PLANS).encode(),
    }
    spec = SegmentationSpec(SEGMENTATION.coarse, FINE)
    digest = write_model(folder, SEGMENTATION_NAME, spec, files)
    return folder, {SEGMENTATION_NAME: Approval(digest, Evidence.SYNTHETIC)}
