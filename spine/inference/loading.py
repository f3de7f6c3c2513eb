"""Loading every model of a profile."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import nn

from spine.anatomy.grades import Scale
from spine.errors import Code, ModelIntegrityError, Refusal
from spine.inference.approval import Approval, ApprovedFolder, read_approved
from spine.inference.backends import Backend, Hardware, compile_network
from spine.inference.cards import CORRECTED_AGE_ERROR
from spine.inference.models import (
    AGE_NAME,
    SEGMENTATION_NAME,
    Model,
    Models,
    Network,
    disc_name,
)
from spine.inference.weights import WEIGHTS_FILE, load_weights
from spine.networks.age_dcnn import AgeDCNN
from spine.networks.plain_conv_unet import network_from_plans
from spine.networks.vgg_m import VGGM
from spine.preprocessing.age import AgeSpec
from spine.preprocessing.disc import DiscSpec
from spine.preprocessing.segmentation import SegmentationSpec

PLANS_FILE = "plans.json"
# Long enough for every pooling, short enough to trace quickly.
_EXAMPLE_SIDE = 64


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
        segmentation=_segmentation(folder / SEGMENTATION_NAME, approved, hardware),
        age=_age(folder / AGE_NAME, approved, hardware),
        discs={
            scale: _disc(scale, folder / disc_name(scale), approved, hardware) for scale in Scale
        },
    )


def _segmentation(
    folder: Path, approved: Mapping[str, Approval], hardware: Hardware
) -> Model[SegmentationSpec]:
    if _is_missing(folder):
        raise ModelIntegrityError(Code.MODEL_MISSING, f"{folder.name}: no such model")
    found = read_approved(folder, approved)
    spec = found.card.input
    if not isinstance(spec, SegmentationSpec):
        raise AssertionError("the card's name fixes the kind of its input")
    network = network_from_plans(_plans(found))
    return Model(found.reference, spec, _ready(network, found, spec.network_shape, hardware))


def _age(
    folder: Path, approved: Mapping[str, Approval], hardware: Hardware
) -> Model[AgeSpec] | Refusal:
    if _is_missing(folder):
        return Refusal(Code.MODEL_MISSING, "No spine age model is installed.", "age")
    found = read_approved(folder, approved)
    spec = found.card.input
    if not isinstance(spec, AgeSpec):
        raise AssertionError("the card's name fixes the kind of its input")
    network = _ready(AgeDCNN(), found, spec.network_shape, hardware)
    error = found.card.figure(CORRECTED_AGE_ERROR, "years")
    return Model(found.reference, spec, network, found.card.bias, error)


def _disc(
    scale: Scale, folder: Path, approved: Mapping[str, Approval], hardware: Hardware
) -> Model[DiscSpec] | Refusal:
    if _is_missing(folder):
        return Refusal(Code.MODEL_MISSING, "No model of this scale is installed.", scale.value)
    found = read_approved(folder, approved)
    spec, widths = found.card.input, found.card.widths
    if not isinstance(spec, DiscSpec) or widths is None:
        raise AssertionError("the card's name fixes the kind of its input")
    network = VGGM(spec.shape, len(spec.scale.grades), widths)
    return Model(found.reference, spec, _ready(network, found, spec.shape, hardware))


def _is_missing(folder: Path) -> bool:
    return not folder.is_dir() or not any(folder.iterdir())


def _ready(
    network: nn.Module, found: ApprovedFolder, input_shape: tuple[int, ...], hardware: Hardware
) -> Network:
    """Load the weights and hand the network to its backend."""
    load_weights(network, _file(found, WEIGHTS_FILE))
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
