"""Our networks beside the stock parts: eager torch, and nnU-Net's own predictor."""

import numpy as np
import torch
from numpy.typing import NDArray

from bench.timing import Cost, side_by_side
from research.measurements import Data, Measurement
from research.training.age import answer_in_years
from research.training.loop import TrainingSettings, settle_statistics
from spine.inference.backends import Backend, Hardware, compile_network
from spine.inference.models import Network
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
    ours, eager = age_networks(threads)
    batch = np.random.default_rng(1).normal(size=(1, *FULL_SIZE)).astype(np.float32)
    difference = float(np.abs(ours(batch) - eager(batch)).max())
    cost, stock = side_by_side(lambda: ours(batch), lambda: eager(batch), repetitions=3)
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


def age_networks(threads: int) -> tuple[Network, Network]:
    """Return one full-size age DCNN of random weights twice: as served, and as stock torch.

    Its statistics are those of noise and its answers in years, so that a difference between
    the two has the size that it would have in a trained network.
    """
    torch.manual_seed(1)
    network = AgeDCNN()
    noise = np.random.default_rng(1).normal(size=(4, *EXAMPLE)).astype(np.float32)
    settle_statistics(network, noise, TrainingSettings(epochs=0, batch_size=4))
    answer_in_years(network.eval(), 55.0, 17.0)
    hardware = Hardware(Backend.OPENVINO, "cpu", threads)
    return compile_network(network, FULL_SIZE, EXAMPLE, hardware), _eager(network)


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


def _eager(network: AgeDCNN) -> Network:
    def predict(batch: NDArray[np.float32], /) -> NDArray[np.float32]:
        with torch.inference_mode():
            output: NDArray[np.float32] = network(torch.from_numpy(batch)).numpy()
        return output

    return predict
