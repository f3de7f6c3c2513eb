"""From nnU-Net's plans to a step that the service can run, or to what it cannot do of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn

from research.labeled.mapping import LabelMapping
from research.stock.checkpoint import Checkpoint, read_checkpoint
from research.stock.folders import StockFolder
from research.stock.labels import heads_from_dataset, stock_labels
from spine.networks.stock_unet import stock_network
from spine.preprocessing.stock import Normalization, SplineSettings, StockChannel, StockStep

# These give (superior, anterior, right) for a file in canonical orientation.
_READERS = ("SimpleITKIO", "NibabelIO", "NibabelIOWithReorient")
_RESAMPLING = "resample_data_or_seg_to_shape"
_RESAMPLING_SETTINGS = {"is_seg", "order", "order_z", "force_separate_z"}


@dataclass(frozen=True, slots=True, eq=False)
class TrainedStep:
    """A step with its network, weights loaded.

    Attributes
    ----------
    architecture : what the service builds the network of
    """

    step: StockStep
    architecture: Mapping[str, Any]
    network: nn.Module


def read_step(folder: StockFolder, mapping: LabelMapping) -> TrainedStep:
    """Read one trained folder whole.

    Raises
    ------
    ValueError
        If plans, data set and checkpoint contradict each other, or ask for what the service
        does not do.
    LabeledDataError
        If the mapping does not say what the labels are.
    ModelIntegrityError
        If the plans name a class that is not allowed.
    """
    checkpoint = read_checkpoint(folder.checkpoint)
    try:
        configuration = _configuration(folder.plans, checkpoint.configuration)
        step = _step(folder, configuration, checkpoint, mapping)
        architecture = configuration["architecture"]
    except (KeyError, TypeError, AttributeError, RuntimeError) as error:
        raise ValueError(f"{folder.path}: plans.json is incomplete: {error}") from error
    network = stock_network(architecture, len(step.channels), len(step.values))
    _fill(network, checkpoint, folder)
    kept = {key: architecture[key] for key in ("network_class_name", "arch_kwargs")}
    return TrainedStep(step, kept, network)


def _configuration(plans: dict[str, Any], name: str) -> dict[str, Any]:
    """Resolve what a configuration inherits, and the form that plans had before nnU-Net 2.5."""
    from nnunetv2.utilities.plans_handling.plans_handler import (  # noqa: PLC0415 - slow
        PlansManager,
    )

    found: dict[str, Any] = PlansManager(plans).get_configuration(name).configuration
    return found


def _step(
    folder: StockFolder, plan: Mapping[str, Any], checkpoint: Checkpoint, mapping: LabelMapping
) -> StockStep:
    _require_usual(folder, plan)
    heads = heads_from_dataset(folder.dataset)
    forward = [int(axis) for axis in folder.plans["transpose_forward"]]
    return StockStep(
        patch=tuple(map(int, plan["patch_size"])),
        spacing_mm=tuple(map(float, plan["spacing"])),
        transpose=(forward[0], forward[1], forward[2]),
        channels=_channels(folder, plan),
        image_spline=_spline(plan, "resampling_fn_data"),
        score_spline=_spline(plan, "resampling_fn_probabilities"),
        values=heads.values,
        by_region=heads.by_region,
        mirror_axes=checkpoint.mirror_axes,
        labels=stock_labels(heads, mapping),
    )


def _require_usual(folder: StockFolder, plan: Mapping[str, Any]) -> None:
    """Refuse what would be run otherwise than nnU-Net runs it."""
    stated = [
        ("image_reader_writer", folder.plans["image_reader_writer"], _READERS),
        ("label_manager", folder.plans.get("label_manager", "LabelManager"), ("LabelManager",)),
        ("preprocessor_name", plan["preprocessor_name"], ("DefaultPreprocessor",)),
        ("previous_stage", plan.get("previous_stage"), (None,)),
        ("resampling_fn_data", plan["resampling_fn_data"], (_RESAMPLING,)),
        ("resampling_fn_probabilities", plan["resampling_fn_probabilities"], (_RESAMPLING,)),
    ]
    for key, value, known in stated:
        if value not in known:
            can = " or ".join(map(str, known))
            raise ValueError(f"{folder.path}: {key} is {value}; the service knows only {can}")


def _channels(folder: StockFolder, plan: Mapping[str, Any]) -> tuple[StockChannel, ...]:
    schemes, masked = plan["normalization_schemes"], plan["use_mask_for_norm"]
    unknown = set(schemes) - set(Normalization)
    if unknown:
        raise ValueError(f"{folder.path}: normalization {', '.join(sorted(unknown))} is not known")
    if len(schemes) != len(folder.dataset.get("channel_names", ())):
        raise ValueError(f"{folder.path}: plans and dataset.json state other channels")
    measured = folder.plans["foreground_intensity_properties_per_channel"]
    return tuple(
        StockChannel(Normalization(scheme), bool(mask), _intensities(scheme, measured[str(number)]))
        for number, (scheme, mask) in enumerate(zip(schemes, masked, strict=True))
    )


def _intensities(
    scheme: str, measured: Mapping[str, float]
) -> tuple[float, float, float, float] | None:
    if scheme != Normalization.CT:
        return None
    names = ("mean", "std", "percentile_00_5", "percentile_99_5")
    mean, deviation, low, high = (float(measured[name]) for name in names)
    return mean, deviation, low, high


def _spline(plan: Mapping[str, Any], key: str) -> SplineSettings:
    stated = plan[f"{key}_kwargs"]
    unusual = set(stated) - _RESAMPLING_SETTINGS
    if unusual or stated.get("is_seg") or stated.get("order_z", 0) != 0:
        raise ValueError(f"{key} is asked for in a way that the service does not know: {stated}")
    return SplineSettings(int(stated["order"]), stated.get("force_separate_z"))


def _fill(network: nn.Module, checkpoint: Checkpoint, folder: StockFolder) -> None:
    own = {name: tensor.shape for name, tensor in network.state_dict().items()}
    if own != {name: tensor.shape for name, tensor in checkpoint.weights.items()}:
        raise ValueError(f"{folder.checkpoint}: its weights belong to another architecture")
    network.load_state_dict(dict(checkpoint.weights))
