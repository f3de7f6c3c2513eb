"""How fast a training went, beside what the arithmetic of the machine allows."""

import time
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from research.training.examples import Examples, batches
from research.training.loop import TrainingSettings

_STEPS = 8
_MATRIX = {"cuda": 8192, "cpu": 1024}


@dataclass(frozen=True, slots=True)
class Throughput:
    """Of training steps on prepared examples.

    Attributes
    ----------
    machine : name of the device
    tflop_per_example : of a step, forward and backward
    examples_per_second : reading included
    tflop_per_second : of the steps
    limit_tflop_per_second : of a large matrix product in the same precision, just measured
    share : of the limit
    """

    machine: str
    tflop_per_example: float
    examples_per_second: float
    tflop_per_second: float
    limit_tflop_per_second: float
    share: float


def measure_throughput(
    network: nn.Module, examples: Examples, settings: TrainingSettings
) -> Throughput:
    """Time some steps without changing the weights, and a matrix product."""
    device = next(network.parameters()).device
    places = np.arange(len(examples))[: settings.batch_size * _STEPS]
    counter = FlopCounterMode(display=False)
    network.train()
    with counter:
        _steps(network, examples, places[: settings.batch_size], settings)
    tflop = counter.get_total_flops() / min(settings.batch_size, len(places)) / 1e12
    begin = _now(device)
    _steps(network, examples, places, settings)
    per_second = len(places) / (_now(device) - begin)
    network.zero_grad()
    network.eval()
    limit = _matrix_limit(device, is_mixed=settings.mixed_precision)
    is_gpu = device.type == "cuda"
    return Throughput(
        torch.cuda.get_device_name(device) if is_gpu else f"CPU, {torch.get_num_threads()} threads",
        round(tflop, 5),
        round(per_second, 3),
        round(per_second * tflop, 4),
        round(limit, 4),
        round(per_second * tflop / limit, 3),
    )


def _steps(
    network: nn.Module, examples: Examples, places: np.ndarray, settings: TrainingSettings
) -> None:
    """Run forward and backward with settled statistics, which then stay as they are."""
    device = next(network.parameters()).device
    for module in network.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)):
            module.eval()
    is_mixed = settings.mixed_precision and device.type == "cuda"
    for _, inputs in batches(examples, places, settings.batch_size, device):
        with torch.autocast(device.type, torch.bfloat16, enabled=is_mixed):
            outputs = network(torch.stack(inputs))
        torch.autograd.backward(outputs.float().sum())


def _matrix_limit(device: torch.device, *, is_mixed: bool) -> float:
    size = _MATRIX[device.type]
    kind = torch.bfloat16 if is_mixed and device.type == "cuda" else torch.float32
    left, right = (torch.randn(size, size, device=device, dtype=kind) for _ in range(2))
    torch.matmul(left, right)
    begin = _now(device)
    for _ in range(5):
        torch.matmul(left, right)
    return 5 * 2 * size**3 / (_now(device) - begin) / 1e12


def _now(device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()
