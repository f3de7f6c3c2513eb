"""Our networks beside the stock parts: eager torch, and nnU-Net's own predictor."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from bench.timing import Cost, side_by_side
from phantom.protocols import WHOLE_SPINE_T2
from phantom.rendering import render
from phantom.subjects import subject
from research.measurements import Data, Measurement
from research.training.age import answer_in_years
from research.training.examples import ArrayExamples
from research.training.loop import TrainingSettings, settle_statistics
from spine.inference.age import compile_age_network
from spine.inference.backends import Backend, Hardware
from spine.inference.models import AgeNetwork, Network
from spine.networks.age_dcnn import AgeDCNN
from spine.preprocessing.age import AgeSpec, age_input

# What the running statistics are settled on: channel, anterior, superior, right.
EXAMPLE = (1, 64, 64, 14)
SEED = 11
LEAST_TIMES_FEWER = 4.5
# Differences in years that are allowed between the backends.
TOLERANCE = 1e-3


def bench_age_network(threads: int) -> list[Measurement]:
    """Time the age DCNN at full size on OpenVINO and in eager torch, on a phantom's masked spine.

    Weights are random: the time does not depend on them. It does on the mask, whose share of
    the input the rows tell.
    """
    ours, network = age_networks(threads)
    eager, spine = eager_network(network), masked_spine()
    batch, share = spine[None], 100 * float((spine != 0).mean())
    difference = float(np.abs(ours(batch) - eager(batch)).max())
    cost, stock = side_by_side(lambda: ours(batch), lambda: eager(batch), repetitions=3)
    name = f"age DCNN, 384 x 793 x 14, all but {share:.1f} % masked to 0"
    return [
        *ratio(name, cost, stock, "eager torch", target=LEAST_TIMES_FEWER),
        Measurement(
            f"{name}: largest difference from eager torch",
            difference,
            "years",
            Data.SYNTHETIC,
            1,
            TOLERANCE,
            "lower",
        ),
    ]


def masked_spine() -> NDArray[np.float32]:
    """Return a rendered whole spine as the service hands it to the age DCNN, at full size."""
    rendering = render(subject(SEED), WHOLE_SPINE_T2, np.random.default_rng(SEED))
    return age_input(rendering.volume, rendering.labels, AgeSpec())


def age_networks(threads: int) -> tuple[AgeNetwork, AgeDCNN]:
    """Return one full-size age DCNN of random weights twice: as served, and untouched.

    Its statistics are those of noise and its answers in years, so that a difference between
    the two has the size that it would have in a trained network.
    """
    torch.manual_seed(1)
    network = AgeDCNN()
    noise = np.random.default_rng(1).normal(size=(4, *EXAMPLE)).astype(np.float32)
    settle_statistics(network, ArrayExamples(noise), TrainingSettings(epochs=0, batch_size=4))
    answer_in_years(network.eval(), 55.0, 17.0)
    hardware = Hardware(Backend.OPENVINO, "cpu", threads)
    return compile_age_network(network, AgeSpec().network_shape, hardware), network


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


def eager_network(network: nn.Module) -> Network:
    """Run a network as torch runs it by itself."""

    def predict(batch: NDArray[np.float32], /) -> NDArray[np.float32]:
        with torch.inference_mode():
            output: NDArray[np.float32] = network(torch.from_numpy(batch)).numpy()
        return output

    return predict
