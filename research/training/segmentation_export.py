"""From nnU-Net's checkpoint to the folder that the service loads."""

import json
from pathlib import Path
from typing import Any

from research.export import ATTRIBUTION, write_model
from research.training.segmentation_plans import WINDOW, plans_from_spec
from spine.inference.cards import Data, Metric
from spine.inference.models import SEGMENTATION_NAME
from spine.inference.weights import WEIGHTS_FILE, bytes_from_network
from spine.networks.plain_conv_unet import network_from_plans

CHECKPOINTS = ("checkpoint_final.pth", "checkpoint_latest.pth")


def export(
    training: Path, models: Path, version: str, data: Data, metrics: tuple[Metric, ...]
) -> str:
    """Write ``plans.json``, ``weights.safetensors`` and ``card.json``; return the card's SHA-256.

    Parameters
    ----------
    training : folder of nnU-Net's checkpoints, made by `research.training.segmentation.train`
        on this machine: reading one runs its pickle
    models : the folder of all models
    """
    plans = plans_from_spec(WINDOW)
    files = {
        "plans.json": (json.dumps(plans, indent=1) + "\n").encode(),
        WEIGHTS_FILE: _weights(training, plans),
    }
    return write_model(
        models,
        files,
        name=SEGMENTATION_NAME,
        version=version,
        input=WINDOW,
        data=data,
        metrics=metrics,
        attribution=(*ATTRIBUTION, "nnU-Net: Isensee et al., Nature Methods 2021"),
    )


def latest_checkpoint(training: Path) -> Path:
    """Return the newest checkpoint of a training folder."""
    found = [training / name for name in CHECKPOINTS if (training / name).exists()]
    if not found:
        raise FileNotFoundError(f"{training} holds no checkpoint")
    return max(found, key=lambda path: path.stat().st_mtime)


def _weights(training: Path, plans: dict[str, Any]) -> bytes:
    """Fill the service's network with the checkpoint's weights and serialize each tensor once."""
    import torch  # noqa: PLC0415 - heavy

    checkpoint = torch.load(latest_checkpoint(training), map_location="cpu", weights_only=False)
    network = network_from_plans(plans)
    network.load_state_dict(checkpoint["network_weights"])
    return bytes_from_network(network)
