"""From nnU-Net's checkpoints of a fold to the folder that the service loads."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from torch import nn

from research.export import ATTRIBUTION, SYNTHETIC_NOTICE, write_model
from research.measurements import Data as Origin
from research.measurements import Measurement
from research.training.segmentation.folders import latest_checkpoint, preprocessed_folder
from research.training.segmentation.plans import COARSE_SPEC, FINE_SPEC, Net, network_plans
from research.training.segmentation.sources import RENDERED_ORIGIN
from research.training.segmentation.starting import read_parts
from spine.inference.cards import Data, Metric
from spine.inference.models import SEGMENTATION_NAME
from spine.inference.weights import COARSE_FILE, FINE_FILE, bytes_from_network
from spine.networks.plain_conv_unet import network_from_plans
from spine.preprocessing.segmentation import SegmentationSpec

HELD_OUT_FILE = "held-out.json"
_PLANS_FILE = "plans.json"
_DESCRIPTION = (
    "Trained on: {sources}. Figures on real patients are out of fold: measured with nets that "
    "were trained without the patient. What no data set labels on real patients, such as ribs "
    "and sacrum in SPIDER, was learned from rendered subjects and has no real test. Thoracic and "
    "lumbar vertebrae of SPIDER are told apart by counting from below."
)
_INTENDED_USE = (
    "Trained on images of patients and on rendered ones; what it reaches is below. For "
    "demonstration and tests, not for patients."
)


@dataclass(frozen=True, slots=True)
class Trained:
    """A fold of both nets.

    Attributes
    ----------
    work : of `research.training.segmentation.training.train`, run on this machine: reading
        its checkpoints runs a pickle
    """

    work: Path
    fold: int


def export(
    trained: Trained, models: Path, version: str, figures: Sequence[Measurement] = ()
) -> str:
    """Write the model's folder and return the SHA-256 of its card.

    Beside the folder stands ``held-out.json`` with the names of the fold's patients, which
    neither net was trained on, unless the fold trains on all.

    Parameters
    ----------
    models : the folder of all models
    figures : of the card; those without a value are left out

    Raises
    ------
    FileNotFoundError
        If a net has no checkpoint of this fold.
    ValueError
        If the nets were trained without different patients.
    """
    held_out = _held_out(trained)
    plans = network_plans()
    card = write_model(
        models,
        {
            _PLANS_FILE: (json.dumps(plans, indent=1) + "\n").encode(),
            COARSE_FILE: bytes_from_network(_network(trained, Net.COARSE, plans)),
            FINE_FILE: bytes_from_network(_network(trained, Net.FINE, plans)),
        },
        name=SEGMENTATION_NAME,
        version=version,
        input=SegmentationSpec(COARSE_SPEC, FINE_SPEC),
        data=_data(trained, figures),
        intended_use=SYNTHETIC_NOTICE if _is_rendered_alone(trained) else _INTENDED_USE,
        metrics=tuple(_metric(row) for row in figures if row.value is not None),
        attribution=(
            *ATTRIBUTION,
            *_sources(trained),
            "nnU-Net: Isensee et al., Nature Methods 2021",
        ),
    )
    if held_out:
        (models / HELD_OUT_FILE).write_text(json.dumps(sorted(held_out), indent=1) + "\n")
    return card


def _network(trained: Trained, net: Net, plans: dict[str, Any]) -> nn.Module:
    """Fill the service's network with the newest checkpoint's weights."""
    import torch  # noqa: PLC0415 - heavy

    newest = latest_checkpoint(trained.work / net, net, trained.fold)
    if newest is None:
        raise FileNotFoundError(f"{trained.work} holds no {net} checkpoint of fold {trained.fold}")
    checkpoint = torch.load(newest, map_location="cpu", weights_only=False)
    network = network_from_plans(plans, net.configuration)
    network.load_state_dict(checkpoint["network_weights"])
    return network


def _held_out(trained: Trained) -> list[str]:
    """Return the patients that neither net was trained on; none for the fold that takes all."""
    coarse, fine = (read_parts(trained.work / net) for net in Net)
    if coarse[trained.fold]["val"] != fine[trained.fold]["val"]:
        raise ValueError(f"the nets of fold {trained.fold} were trained without other patients")
    return [] if trained.fold == len(fine) - 1 else fine[trained.fold]["val"]


def _sources(trained: Trained) -> list[str]:
    """Return where the cases of both nets came from."""
    found: list[str] = []
    for net in Net:
        text = (preprocessed_folder(trained.work / net) / "dataset.json").read_text()
        found += json.loads(text)["sources"]
    return list(dict.fromkeys(found))


def _is_rendered_alone(trained: Trained) -> bool:
    return set(_sources(trained)) == {RENDERED_ORIGIN}


def _data(trained: Trained, figures: Sequence[Measurement]) -> Data:
    split = read_parts(trained.work / Net.FINE)[trained.fold]
    real = [row.n for row in figures if row.data is Origin.REAL and row.value is not None]
    synthetic = [row.n for row in figures if row.data is Origin.SYNTHETIC]
    return Data(
        description=_DESCRIPTION.format(sources="; ".join(_sources(trained))),
        training_subjects=len(split["train"]),
        validation_subjects=len(split["val"]),
        test_subjects=max(synthetic, default=0),
        real_patients=max(real, default=0),
    )


def _metric(row: Measurement) -> Metric:
    if row.value is None:
        raise ValueError(f"{row.name} was not measured")
    data: Literal["real", "synthetic"] = "real" if row.data is Origin.REAL else "synthetic"
    return Metric(name=row.name, value=round(row.value, 4), unit=row.unit, n=row.n, data=data)
