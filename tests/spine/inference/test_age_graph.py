import numpy as np
import pytest
import torch

from spine.inference.age_graph import graph_of_blocks
from spine.inference.backends import Backend, Hardware, OpenVINONetwork, compile_graph
from spine.networks.age_dcnn import AgeDCNN
from spine.networks.age_layers import layers_from_network

OPENVINO = Hardware(Backend.OPENVINO)


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(6)
    network = AgeDCNN(channels=(2, 3, 4, 5, 6), top=7)
    network(torch.randn(4, 1, 64, 64, 14))
    return network.eval()


def convolutions(graph):
    return [node for node in graph.get_ordered_ops() if node.get_type_name() == "Convolution"]


@pytest.mark.parametrize(
    ("plane", "depth"),
    [((32, 64), 8), ((47, 99), 11), ((63, 33), 14), ((40, 45), 15), ((37, 34), 16), ((33, 32), 23)],
)
def test_whole_blocks_are_those_of_torch(network, plane, depth):
    values = np.random.default_rng(depth).normal(size=(1, 1, *plane, depth)).astype(np.float32)
    with torch.inference_mode():
        expected = network.blocks(torch.from_numpy(values)).numpy()

    graph = graph_of_blocks(layers_from_network(network), (*plane, depth), is_tile=False)
    found = OpenVINONetwork(compile_graph(graph, OPENVINO))(values)

    np.testing.assert_allclose(found, expected, atol=1e-5, strict=True)


def test_slices_that_pooling_throws_away_are_not_convolved(network):
    """Depth 14, 7, 3, 1, 1: one of seven is left out, one of three, and nothing of one."""
    graph = graph_of_blocks(layers_from_network(network), (64, 99, 14), is_tile=False)

    shapes = [tuple(node.get_output_shape(0))[2:] for node in convolutions(graph)]

    # Right, anterior, superior; 99 is odd in plane and so is 49.
    assert shapes == [(14, 64, 98), (6, 32, 48), (2, 16, 24), (1, 8, 12), (1, 4, 6)]


@pytest.mark.parametrize(("depth", "slices"), [(14, [3, 3, 3, 1, 1]), (16, [3, 3, 3, 3, 3])])
def test_kernels_are_flat_only_where_one_slice_is_left(network, depth, slices):
    graph = graph_of_blocks(layers_from_network(network), (64, 96, depth), is_tile=False)

    assert [node.input(1).get_shape()[2] for node in convolutions(graph)] == slices
