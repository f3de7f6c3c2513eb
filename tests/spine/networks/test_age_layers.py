import numpy as np
import torch

from spine.networks.age_dcnn import AgeDCNN
from spine.networks.age_layers import layers_from_network


def test_layers_compute_what_the_blocks_do_in_evaluation():
    torch.manual_seed(2)
    network = AgeDCNN(channels=(2, 3, 4, 5, 6), top=7)
    network(torch.randn(4, 1, 64, 64, 14))
    values = torch.randn(1, 1, 64, 70, 14)

    found = values
    for layer in layers_from_network(network):
        kernel, bias = torch.from_numpy(layer.kernel), torch.from_numpy(layer.bias)
        convolved = torch.nn.functional.conv3d(found, kernel, bias, padding=1)
        found = torch.nn.functional.max_pool3d(convolved.relu(), layer.pool)

    with torch.no_grad():
        np.testing.assert_allclose(found, network.eval().blocks(values), atol=1e-5)


def test_the_network_is_left_as_it_was():
    network = AgeDCNN(channels=(2, 3, 4, 5, 6), top=7).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}

    layers_from_network(network)[0].kernel[:] = 0

    assert network.blocks.training
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
