"""Loading every model of a profile."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn

from spine.anatomy.grades import Scale
from spine.errors import Code, ModelIntegrityError, Refusal
from spine.inference.age import compile_age_network
from spine.inference.approval import Approval, ApprovedFolder, read_approved
from spine.inference.backends import Backend, Hardware, compile_network
from spine.inference.cards import CORRECTED_AGE_ERROR, DETECTABLE_CHANGE
from spine.inference.features import FEATURES_FILE, FeatureCloud, cloud_from_bytes
from spine.inference.models import (
    AGE_NAME,
    SEGMENTATION_NAME,
    AgeModel,
    GradingModel,
    Model,
    Models,
    Network,
    SegmentationModel,
    disc_name,
    grading_name,
)
from spine.inference.weights import (
    COARSE_FILE,
    FINE_FILE,
    STEP_FILES,
    WEIGHTS_FILE,
    load_weights,
)
from spine.networks.age_dcnn import FEATURES, AgeDCNN
from spine.networks.plain_conv_unet import FINE_CONFIGURATION, network_from_plans
from spine.networks.stock_unet import pooling, stock_network
from spine.networks.vgg_m import VGGM
from spine.preprocessing.age import AgeSpec
from spine.preprocessing.disc import DiscSpec
from spine.preprocessing.segmentation import SegmentationSpec
from spine.preprocessing.stock import StockSpec, StockStep

PLANS_FILE = "plans.json"
# Long enough for every pooling, short enough to trace quickly.
_EXAMPLE_SIDE = 64
# nnU-Net's planner leaves its lowest stage at least so many voxels along each axis.
_LOWEST_SIDE = 4


def load_models(
    folder: Path,
    approved: Mapping[str, Approval],
    backend: Backend,
    device: str = "cpu",
    threads: int = 1,
) -> Models:
    """Load what a folder holds of the models this application knows.

    Parameters
    ----------
    folder : holds one folder per model; others in it are ignored
    approved : by model name

    Raises
    ------
    ModelIntegrityError
        If the segmentation model is missing, or any model is changed, invalid or not
        approved. A missing age or disc model is a refusal in its place.
    """
    hardware = Hardware(backend, device, threads)
    return Models(
        segmentation=load_segmentation(folder / SEGMENTATION_NAME, approved, hardware),
        age=_age(folder / AGE_NAME, approved, hardware),
        discs={
            scale: _disc(scale, folder / disc_name(scale), approved, hardware) for scale in Scale
        },
        gradings={
            scale: _grading(folder / grading_name(scale), approved, hardware)
            for scale in Scale
            if not _is_missing(folder / grading_name(scale))
        },
    )


def load_segmentation(
    folder: Path, approved: Mapping[str, Approval], hardware: Hardware
) -> SegmentationModel:
    """Load a segmentation model of any form, alone.

    Parameters
    ----------
    folder : of this model
    approved : by model name

    Raises
    ------
    ModelIntegrityError
        If it is missing, changed, invalid or not approved.
    """
    if _is_missing(folder):
        raise ModelIntegrityError(Code.MODEL_MISSING, f"{folder.name}: no such model")
    found = read_approved(folder, approved)
    spec = found.card.input
    if isinstance(spec, StockSpec):
        return _stock(found, spec, hardware)
    if not isinstance(spec, SegmentationSpec):
        raise AssertionError("the card's name fixes the kind of its input")
    plans = _plans(found)
    weights = _file(found, WEIGHTS_FILE if spec.fine is None else COARSE_FILE)
    network = _ready(network_from_plans(plans), weights, spec.coarse.network_shape, hardware)
    if spec.fine is None:
        return Model(found.reference, spec, network)
    fine = network_from_plans(plans, FINE_CONFIGURATION)
    ready = _ready(fine, _file(found, FINE_FILE), spec.fine.network_shape, hardware)
    return Model(found.reference, spec, network, fine=ready)


def _stock(found: ApprovedFolder, spec: StockSpec, hardware: Hardware) -> Model[StockSpec]:
    architectures = _plans(found).get("steps")
    if not isinstance(architectures, list) or len(architectures) != len(spec.steps):
        raise ModelIntegrityError(Code.MODEL_INVALID, "the plans have other steps than the card")
    networks = [
        _stock_step(_file(found, name), architecture, step, hardware)
        for name, architecture, step in zip(STEP_FILES, architectures, spec.steps, strict=False)
    ]
    return Model(
        found.reference, spec, networks[0], second=networks[1] if len(networks) > 1 else None
    )


def _stock_step(
    weights: bytes, architecture: Mapping[str, Any], step: StockStep, hardware: Hardware
) -> Network:
    network = stock_network(architecture, len(step.channels), len(step.values))
    load_weights(network, weights)
    coarseness = pooling(architecture, len(step.patch))
    sides = zip(step.patch, coarseness, strict=True)
    if any(side % coarse for side, coarse in zip(step.patch, coarseness, strict=True)):
        raise ModelIntegrityError(Code.MODEL_INVALID, "the patch does not fit the architecture")
    example = (len(step.channels), *(min(side, _LOWEST_SIDE * coarse) for side, coarse in sides))
    return compile_network(network, step.network_shape, example, hardware)


def _age(folder: Path, approved: Mapping[str, Approval], hardware: Hardware) -> AgeModel | Refusal:
    if _is_missing(folder):
        return Refusal(Code.MODEL_MISSING, "No spine age model is installed.", "age")
    found = read_approved(folder, approved)
    spec = found.card.input
    if not isinstance(spec, AgeSpec):
        raise AssertionError("the card's name fixes the kind of its input")
    network = AgeDCNN()
    load_weights(network, _file(found, WEIGHTS_FILE))
    ready = compile_age_network(network, spec.network_shape, hardware)
    error = found.card.figure(CORRECTED_AGE_ERROR, "years")
    card = found.card
    return AgeModel(
        found.reference,
        spec,
        ready,
        card.bias,
        error,
        intervals=card.intervals,
        heat_limits=card.heat_limits,
        features=_features(found),
        image_limits=card.image_limits,
        detectable_change_years=card.figure(DETECTABLE_CHANGE, "years"),
    )


def _features(found: ApprovedFolder) -> FeatureCloud | None:
    limit = found.card.feature_limit
    if limit is None:
        return None
    cloud = cloud_from_bytes(_file(found, FEATURES_FILE), limit)
    if cloud.mean.size != FEATURES:
        raise ModelIntegrityError(Code.MODEL_INVALID, "features are those of another network")
    return cloud


def _disc(
    scale: Scale, folder: Path, approved: Mapping[str, Approval], hardware: Hardware
) -> Model[DiscSpec] | Refusal:
    if _is_missing(folder):
        return Refusal(Code.MODEL_MISSING, "No model of this scale is installed.", scale.value)
    found = read_approved(folder, approved)
    spec, network = _disc_network(found, len(scale.grades), hardware)
    return Model(found.reference, spec, network, temperature=found.card.temperature)


def _grading(folder: Path, approved: Mapping[str, Approval], hardware: Hardware) -> GradingModel:
    found = read_approved(folder, approved)
    classes = found.card.classes
    if classes is None:
        raise AssertionError("the card's name fixes that it has classes")
    spec, network = _disc_network(found, len(classes), hardware)
    temperature = found.card.temperature
    return GradingModel(found.reference, spec, network, temperature=temperature, classes=classes)


def _disc_network(
    found: ApprovedFolder, answers: int, hardware: Hardware
) -> tuple[DiscSpec, Network]:
    spec, widths = found.card.input, found.card.widths
    if not isinstance(spec, DiscSpec) or widths is None:
        raise AssertionError("the card's name fixes the kind of its input")
    network = VGGM(spec.shape, answers, widths)
    return spec, _ready(network, _file(found, WEIGHTS_FILE), spec.shape, hardware)


def _is_missing(folder: Path) -> bool:
    return not folder.is_dir() or not any(folder.iterdir())


def _ready(
    network: nn.Module, weights: bytes, input_shape: tuple[int, ...], hardware: Hardware
) -> Network:
    """Load the weights and hand the network to its backend."""
    load_weights(network, weights)
    is_fixed_size = isinstance(network, VGGM)
    example = tuple(side if is_fixed_size else min(side, _EXAMPLE_SIDE) for side in input_shape)
    return compile_network(network, input_shape, example, hardware)


def _plans(found: ApprovedFolder) -> Mapping[str, Any]:
    try:
        plans = json.loads(_file(found, PLANS_FILE))
    except ValueError as error:
        raise ModelIntegrityError(Code.MODEL_INVALID, "the plans are no JSON") from error
    if not isinstance(plans, dict):
        raise ModelIntegrityError(Code.MODEL_INVALID, "the plans are no JSON object")
    return plans


def _file(found: ApprovedFolder, name: str) -> bytes:
    if name not in found.files:
        raise ModelIntegrityError(Code.MODEL_INVALID, f"{found.card.name}: {name} is not listed")
    return found.files[name]
