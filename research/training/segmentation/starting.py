"""What a net begins its training with: weights that have not seen the fold's patients."""

import json
from pathlib import Path

from torch import nn

from research.training.segmentation.folders import (
    SPLITS,
    latest_checkpoint,
    preprocessed_folder,
)
from research.training.segmentation.plans import Net
from spine.inference.weights import load_weights


def begin_with(start: Path, network: nn.Module, net: Net, held_out: frozenset[str]) -> None:
    """Fill a network with a file's weights, or those of a run that was trained on all its cases.

    Parameters
    ----------
    start : safetensors, such as ``coarse.safetensors`` of a model, or the folder of a run
        trained on this machine: reading its checkpoint runs a pickle
    held_out : cases of the fold that is to be trained; of a file nobody knows what it has seen

    Raises
    ------
    ModelIntegrityError
        If the weights of a file are another architecture's.
    FileNotFoundError
        If the run holds no such net.
    ValueError
        If the run was trained on a case that is held out, or its net is of another architecture.
    """
    if start.is_dir():
        _load_run(start, network, net, held_out)
    else:
        load_weights(network, start.read_bytes())


def read_parts(work: Path) -> list[dict[str, list[str]]]:
    """Return the ``train`` and ``val`` cases of each fold of a net's training folder.

    Raises
    ------
    FileNotFoundError
        If nothing was prepared there.
    """
    path = preprocessed_folder(work) / SPLITS
    if not path.exists():
        raise FileNotFoundError(f"{work}: nothing was trained here")
    parts: list[dict[str, list[str]]] = json.loads(path.read_text())
    return parts


def _load_run(start: Path, network: nn.Module, net: Net, held_out: frozenset[str]) -> None:
    import torch  # noqa: PLC0415 - heavy

    work = start / net
    parts = read_parts(work)
    newest = latest_checkpoint(work, net, len(parts) - 1)
    if newest is None:
        raise FileNotFoundError(f"{start} holds no {net} net that was trained on all its cases")
    seen = held_out.intersection(parts[-1]["train"])
    if seen:
        raise ValueError(f"{start} was trained on cases that are held out: {', '.join(seen)}")
    checkpoint = torch.load(newest, map_location="cpu", weights_only=False)
    try:
        network.load_state_dict(checkpoint["network_weights"])
    except RuntimeError as error:
        raise ValueError(f"{newest}: its weights are another architecture's") from error
