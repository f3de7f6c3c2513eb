import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from spine.inference.backends import Backend, Hardware, compile_network
from spine.networks.age_dcnn import AgeDCNN

pytestmark = pytest.mark.slow

SHAPE = (1, 48, 99, 14)


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    network = AgeDCNN()
    network(torch.randn(2, *SHAPE))
    return network


@pytest.fixture(scope="module")
def batch():
    return np.random.default_rng(1).normal(size=(3, *SHAPE)).astype(np.float32)


@pytest.mark.parametrize("backend", Backend)
def test_folded_network_equals_the_eager_one(network, batch, backend):
    compiled = compile_network(network, SHAPE, (1, 48, 64, 14), Hardware(backend))

    with torch.inference_mode():
        expected = network.eval()(torch.from_numpy(batch)).numpy()
    network.train()

    np.testing.assert_allclose(compiled(batch), expected, atol=1e-3)


@pytest.mark.parametrize("backend", Backend)
def test_result_does_not_depend_on_the_rest_of_the_batch(network, batch, backend):
    compiled = compile_network(network, SHAPE, SHAPE, Hardware(backend))

    assert compiled(batch)[1] == compiled(batch[1:2])[0]


def test_compiling_leaves_the_network_in_training(network):
    compile_network(network, SHAPE, SHAPE, Hardware(Backend.TORCH))

    assert network.training
    assert isinstance(network.blocks[0][1], torch.nn.BatchNorm3d)


def test_torch_threads_are_restored_after_a_call(network, batch):
    before = torch.get_num_threads()

    compile_network(network, SHAPE, SHAPE, Hardware(Backend.TORCH, threads=before + 1))(batch[:1])

    assert torch.get_num_threads() == before


# Networks that go in another order than they came, then a signal on the stack kept for signals.
_SIGNALED = """
import faulthandler, os, signal
import numpy as np, torch
from spine.inference.backends import Backend, Hardware, compile_network

faulthandler.enable()
signal.signal(signal.SIGTERM, lambda *_: print("handled", flush=True))
network = torch.nn.Sequential(torch.nn.Conv2d(1, 1, 3))
first, second = (
    compile_network(network, (1, 8, 8), (1, 8, 8), Hardware(Backend.OPENVINO)) for _ in "ab"
)
first(np.zeros((1, 1, 8, 8), np.float32))
del first
del second
os.kill(os.getpid(), signal.SIGTERM)
"""


def test_a_signal_reaches_its_handler_after_networks_have_come_and_gone():
    ended = subprocess.run(
        [sys.executable, "-c", _SIGNALED],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (ended.returncode, ended.stdout) == (0, "handled\n")
