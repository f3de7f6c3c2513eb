"""Write the model folder of a stock nnU-Net, of one step or two."""

import json
from collections.abc import Sequence
from pathlib import Path

from research.export import write_model
from research.labeled.mapping import LabelMapping, Networks
from research.stock.folders import StockFolder
from research.stock.steps import TrainedStep, read_step
from spine.inference.cards import Data
from spine.inference.models import SEGMENTATION_NAME
from spine.inference.weights import STEP_FILES, bytes_from_network
from spine.preprocessing.stock import StockSpec

_DESCRIPTION = (
    "From outside this project: nnU-Net v2, {names}; labels read by the mapping {mapping}. "
    "Nothing was measured here. The number of training subjects is that of its dataset.json. "
    "Images are shown in canonical orientation; that it was trained so is not known from its files."
)
_INTENDED_USE = (
    "Weights from outside, not measured by this project: no performance is claimed, and no "
    "evidence above the lowest. For research, not for patients."
)
_NNUNET = "nnU-Net: Isensee et al., Nature Methods 2021"


def export_stock(
    folders: Sequence[StockFolder], mapping: LabelMapping, models: Path, version: str
) -> str:
    """Write the model's folder and return the SHA-256 of its card.

    Parameters
    ----------
    folders : of the first and, where there is one, of the second step
    models : the folder of all models

    Raises
    ------
    ValueError
        See `read_step`; also if the mapping says nothing of a second step, or the steps do not
        see the channels that they should.
    """
    networks = mapping.networks or Networks({})
    if len(folders) > 1 and networks.second_step_margin_mm is None:
        raise ValueError(f"{mapping.name} does not say what a second step sees")
    steps = [read_step(folder, mapping) for folder in folders]
    spec = _spec(steps, networks)
    plans = {"steps": [trained.architecture for trained in steps]}
    weights = zip(STEP_FILES, steps, strict=False)
    return write_model(
        models,
        {
            "plans.json": (json.dumps(plans, indent=1) + "\n").encode(),
            **{name: bytes_from_network(trained.network) for name, trained in weights},
        },
        name=SEGMENTATION_NAME,
        version=version,
        input=spec,
        data=_data(folders, mapping),
        metrics=(),
        intended_use=_INTENDED_USE,
        license=f"that of the weights; {mapping.name} states: {mapping.license}",
        attribution=(mapping.source, _NNUNET),
    )


def _spec(steps: Sequence[TrainedStep], networks: Networks) -> StockSpec:
    return StockSpec(
        first=steps[0].step,
        second=steps[1].step if len(steps) > 1 else None,
        voxel_mm=networks.voxel_mm,
        margin_mm=networks.second_step_margin_mm or 0.0,
    )


def _data(folders: Sequence[StockFolder], mapping: LabelMapping) -> Data:
    counts = [int(folder.dataset.get("numTraining", 0)) for folder in folders]
    names = " and ".join(f"{folder.name} ({folder.path.name})" for folder in folders)
    return Data(
        description=_DESCRIPTION.format(names=names, mapping=mapping.name),
        training_subjects=max(counts),
        validation_subjects=0,
        test_subjects=0,
    )
