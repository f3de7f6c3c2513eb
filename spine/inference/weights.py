"""Weights: safetensors in and out, strict; never a pickle."""

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from spine.errors import Code, ModelIntegrityError

WEIGHTS_FILE = "weights.safetensors"
"""Of a model that is one network."""
COARSE_FILE = "coarse.safetensors"
FINE_FILE = "fine.safetensors"
STEP_FILES = ("step-1.safetensors", "step-2.safetensors")
"""Of a stock segmentation."""


def bytes_from_network(network: torch.nn.Module) -> bytes:
    """Serialize every distinct parameter and buffer of a network."""
    data: bytes = save({name: tensor.contiguous() for name, tensor in _distinct(network).items()})
    return data


def load_weights(network: torch.nn.Module, data: bytes) -> None:
    """Fill a network; names, shapes and types must be exactly its own.

    Raises
    ------
    ModelIntegrityError
        ``MODEL_INVALID`` if the file is no safetensors or belongs to another architecture.
    """
    try:
        tensors = load(data)
    except SafetensorError as error:
        raise ModelIntegrityError(Code.MODEL_INVALID, "weights are no safetensors") from error
    own = _distinct(network)
    if _signature(tensors) != _signature(own):
        raise ModelIntegrityError(Code.MODEL_INVALID, "weights do not fit the architecture")
    for name, tensor in own.items():
        tensor.copy_(tensors[name])


def _distinct(network: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Return parameters and persistent buffers once each.

    Networks of nnU-Net hold the same module under several names, which safetensors refuses.
    """
    state = network.state_dict()
    owned = [*network.named_parameters(), *network.named_buffers()]
    return {name: state[name] for name, _ in owned if name in state}


def _signature(
    tensors: dict[str, torch.Tensor],
) -> dict[str, tuple[torch.Size, torch.dtype]]:
    return {name: (tensor.shape, tensor.dtype) for name, tensor in tensors.items()}
