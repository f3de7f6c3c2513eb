"""The one place that opens a stock checkpoint: restricted, so that nothing in it is run.

A checkpoint is a pickle, and nnU-Net itself opens it without any restriction
(docs/adr/0036-stock-nnunet.md).
"""

import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Checkpoint:
    """What is used of a checkpoint.

    Attributes
    ----------
    configuration : of the plans, that the network was trained with
    mirror_axes : along which it was shown mirrored images; it may see them in inference too
    """

    weights: "Mapping[str, Tensor]"
    configuration: str
    mirror_axes: tuple[int, ...]


def read_checkpoint(path: Path) -> Checkpoint:
    """Read tensors, plain values and NumPy's numbers; anything else is refused unopened.

    Raises
    ------
    ValueError
        If the file names anything else, is damaged, or is no checkpoint of nnU-Net v2.
    """
    import torch  # noqa: PLC0415 - heavy

    try:
        with torch.serialization.safe_globals(_numbers()):
            content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        reason = "it holds more than tensors and numbers, or is damaged; nothing of it was run"
        raise ValueError(f"{path}: {reason}") from error
    except (RuntimeError, EOFError, OSError) as error:
        raise ValueError(f"{path}: it is damaged") from error
    return _checkpoint(path, content)


def _checkpoint(path: Path, content: Any) -> Checkpoint:
    import torch  # noqa: PLC0415 - heavy

    try:
        weights = dict(content["network_weights"])
        configuration = content["init_args"]["configuration"]
        axes = tuple(map(int, content.get("inference_allowed_mirroring_axes") or ()))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"{path}: it is no checkpoint of nnU-Net v2") from error
    if not isinstance(configuration, str) or not all(map(torch.is_tensor, weights.values())):
        raise ValueError(f"{path}: it is no checkpoint of nnU-Net v2")
    if not all(bool(torch.isfinite(tensor).all()) for tensor in weights.values()):
        raise ValueError(f"{path}: its weights are not finite")
    return Checkpoint(weights, configuration, axes)


def _numbers() -> list[Any]:
    """List what nnU-Net's training log and state hold beside tensors: NumPy's numbers.

    NumPy 1 and 2 name the same function differently.
    """
    scalar = np._core.multiarray.scalar  # type: ignore[attr-defined]
    kinds = (np.float16, np.float32, np.float64, np.int32, np.int64, np.bool_)
    return [
        (scalar, "numpy.core.multiarray.scalar"),
        (scalar, "numpy._core.multiarray.scalar"),
        np.dtype,
        *(type(np.dtype(kind)) for kind in kinds),
    ]
