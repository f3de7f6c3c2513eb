"""Our networks beside the stock parts: eager torch, and nnU-Net's own predictor."""

from collections.abc import Callable

import numpy as np
import torch

from bench.timing import Cost, side_by_side
from research.measurements import Data, Measurement
from spine.inference.backends import Backend, Hardware, compile_network
from spine.networks.age_dcnn import AgeDCNN

# Anterior, superior, right (P1, section 2.4).
FULL_SIZE = (1, 384, 793, 14)
EXAMPLE = (1, 64, 64, 14)
# Differences in years that are allowed between the backends.
TOLERANCE = 1e-3


def bench_age_network(threads: int) -> list[Measurement]:
    """Time the age DCNN at full size on OpenVINO and in eager torch.

    Weights are random: the time does not depend on them.
    """
    torch.manual_seed(1)
    network = AgeDCNN().eval()
    ours = compile_network(network, FULL_SIZE, EXAMPLE, Hardware(Backend.OPENVINO, "cpu", threads))
    batch = np.random.default_rng(1).normal(size=(1, *FULL_SIZE)).astype(np.float32)
    eager = _eager(network, batch)
    difference = float(np.abs(ours(batch) - eager()).max())
    cost, stock = side_by_side(lambda: ours(batch), eager, repetitions=3)
    return [
        *ratio("age DCNN, 384 x 793 x 14", cost, stock, "eager torch", target=2.5),
        Measurement(
            "age DCNN: largest difference from eager torch",
            difference,
            "years",
            Data.SYNTHETIC,
            1,
            TOLERANCE,
            "lower",
        ),
    ]


def ratio(name: str, ours: Cost, stock: Cost, against: str, target: float) -> list[Measurement]:
    """Describe a comparison: CPU-seconds of both, and how many times fewer ours are."""
    return [
        Measurement(f"{name}: ours", ours.cpu_s, "CPU-s", Data.SYNTHETIC, 1),
        Measurement(f"{name}: {against}", stock.cpu_s, "CPU-s", Data.SYNTHETIC, 1),
        Measurement(
            f"{name}: times fewer CPU-s than {against}",
            stock.cpu_s / ours.cpu_s,
            "x",
            Data.SYNTHETIC,
            1,
            target,
        ),
    ]


def _eager(network: AgeDCNN, batch: np.ndarray) -> Callable[[], np.ndarray]:
    tensor = torch.from_numpy(batch)

    def predict() -> np.ndarray:
        with torch.inference_mode():
            output: np.ndarray = network(tensor).numpy()
        return output

    return predict
