import numpy as np
import pytest
import torch

from spine.networks.age_dcnn import AgeDCNN
from spine.networks.age_head import AgeHead, head_from_network


@pytest.fixture
def network():
    torch.manual_seed(3)
    network = AgeDCNN(channels=(2, 3, 4, 5, 6), top=7)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm3d):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 2)
            module.weight.data.uniform_(0.5, 2)
    return network.eval()


@pytest.fixture
def block(network):
    torch.manual_seed(4)
    with torch.no_grad():
        return network.blocks(torch.randn(1, 1, 64, 96, 14))


def test_age_and_gradient_are_those_of_torch(network, block):
    wanted = block.clone().requires_grad_()
    age = network.prediction(network.top(wanted).amax(dim=(2, 3, 4)))
    age.sum().backward()

    head = head_from_network(network)

    assert head.age_years(block[0].numpy()) == pytest.approx(age.item(), abs=1e-5)
    np.testing.assert_allclose(head.gradient(block[0].numpy()), wanted.grad[0], atol=1e-6)
    assert np.abs(head.gradient(block[0].numpy())).max() > 0


def test_features_are_what_the_linear_layer_sees(network, block):
    with torch.no_grad():
        seen = network.top(block).amax(dim=(2, 3, 4))[0]

    found = head_from_network(network).features(block[0].numpy())

    np.testing.assert_allclose(found, seen, atol=1e-6)
    assert found.shape == (7,)


def test_a_feature_that_is_nowhere_positive_has_no_gradient():
    head = AgeHead(
        np.ones((1, 2), np.float32), np.full(1, -10, np.float32), np.full(1, 5, np.float32), 50.0
    )
    block = np.ones((2, 1, 3, 1), dtype=np.float32)

    assert head.age_years(block) == 50.0
    assert not head.gradient(block).any()


def test_the_network_is_left_as_it_was(network):
    network.train()
    before = {name: value.clone() for name, value in network.state_dict().items()}

    head_from_network(network).top_weight[:] = 0

    assert network.top.training
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
