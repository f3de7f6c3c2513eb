"""Backends: the same network on torch or OpenVINO, same outputs within 1e-3."""

import copy
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

import numpy as np
import openvino
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from spine.errors import Code, SpineError
from spine.inference.models import Network


class Backend(StrEnum):
    """What a network runs on."""

    TORCH = "torch"
    OPENVINO = "openvino"


@dataclass(frozen=True, slots=True)
class Hardware:
    """Where networks run.

    Attributes
    ----------
    device : ``"cpu"``, or with torch ``"cuda:0"`` and the like
    threads : of one network call on a CPU
    """

    backend: Backend
    device: str = "cpu"
    threads: int = 1


def compile_network(
    network: nn.Module,
    input_shape: tuple[int, ...],
    example_shape: tuple[int, ...],
    hardware: Hardware,
) -> Network:
    """Make a trained network ready for one input shape, batch-norm folded.

    Items of a batch run one by one: results do not depend on the company they run in.

    Parameters
    ----------
    input_shape : of one item, without the batch axis
    example_shape : a smaller one that OpenVINO traces the network with, before it is
        reshaped to `input_shape`, which is many times faster than tracing at full size

    Raises
    ------
    SpineError
        ``DEVICE_MISSING``, before anything is computed.
    """
    require_device(hardware)
    folded = _fold(network)
    if hardware.backend is Backend.TORCH:
        return TorchNetwork(folded.to(hardware.device), hardware)
    model = _trace(folded, example_shape)
    model.reshape([1, *input_shape])
    return OpenVINONetwork(compile_graph(model, hardware))


def compile_graph(model: Any, hardware: Hardware, streams: int = 1) -> Any:
    """Compile in full precision: half would exceed the 1e-3 promised across backends.

    Parameters
    ----------
    streams : calls that run at a time and share the threads
    """
    settings = {
        "INFERENCE_NUM_THREADS": hardware.threads,
        "NUM_STREAMS": streams,
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32",
    }
    return openvino_core().compile_model(model, hardware.device.upper(), settings)


@cache
def openvino_core() -> Any:
    """Return OpenVINO's entry, one for the whole process.

    Each `Core` gives the thread another stack for signals, and takes it away when it goes. Where
    several go in another order than they came, a stack that is no more stays in place, and the
    next signal, such as SIGTERM, kills the process instead of reaching its handler.
    """
    return openvino.Core()


def require_device(hardware: Hardware) -> None:
    """Refuse a device that is not there.

    Raises
    ------
    SpineError
        ``DEVICE_MISSING``, naming the device and what there is.
    """
    if hardware.backend is Backend.OPENVINO:
        there = [name.lower() for name in openvino_core().available_devices]
    else:
        there = ["cpu", *(f"cuda:{number}" for number in range(torch.cuda.device_count()))]
    if hardware.device.lower() not in there:
        reason = f"{hardware.device}: {hardware.backend} finds only {', '.join(there)}"
        raise SpineError(Code.DEVICE_MISSING, reason)


class TorchNetwork:
    """A network on torch."""

    def __init__(self, network: nn.Module, hardware: Hardware) -> None:
        self._network = network
        self._hardware = hardware

    def __call__(self, batch: NDArray[np.float32], /) -> NDArray[np.float32]:
        """Map a batch (n, channels, ...) to outputs (n, ...)."""
        with torch.inference_mode(), _threads(self._hardware.threads):
            outputs = [self._run(item[None]) for item in batch]
        return np.concatenate(outputs)

    def _run(self, item: NDArray[np.float32]) -> NDArray[np.float32]:
        tensor = torch.from_numpy(np.ascontiguousarray(item)).to(self._hardware.device)
        output: NDArray[np.float32] = self._network(tensor).cpu().numpy()
        return output


class OpenVINONetwork:
    """A network on OpenVINO."""

    def __init__(self, compiled: Any) -> None:
        self._compiled = compiled

    def __call__(self, batch: NDArray[np.float32], /) -> NDArray[np.float32]:
        """Map a batch (n, channels, ...) to outputs (n, ...)."""
        return np.concatenate([self._compiled(item[None])[0] for item in batch])


def _trace(network: nn.Module, example_shape: tuple[int, ...]) -> Any:
    with warnings.catch_warnings():
        # Tracing is OpenVINO's way in; that it generalizes to the full shape is tested.
        warnings.simplefilter("ignore")
        return openvino.convert_model(network, example_input=torch.zeros(1, *example_shape))


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """Set torch's thread count, which is the process's, for one call only."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _fold(network: nn.Module) -> nn.Module:
    """Copy a network for inference and merge each batch-norm into its convolution."""
    folded = copy.deepcopy(network).eval()
    for module in folded.modules():
        if isinstance(module, nn.Sequential):
            _fold_sequence(module)
    return folded


def _fold_sequence(sequence: nn.Sequential) -> None:
    for index in range(len(sequence) - 1):
        convolution, norm = sequence[index], sequence[index + 1]
        if isinstance(convolution, nn.Conv2d | nn.Conv3d) and isinstance(
            norm, nn.BatchNorm2d | nn.BatchNorm3d
        ):
            sequence[index] = fuse_conv_bn_eval(convolution, norm)
            sequence[index + 1] = nn.Identity()
