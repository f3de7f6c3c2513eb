import pytest
import torch
from torch import nn

from research.training.discs.response_norm import SlicedResponseNorm, with_sliced_norms
from spine.inference.weights import bytes_from_network, load_weights
from spine.networks.vgg_m import VGGM, VGGMWidths


@pytest.mark.parametrize("size", [4, 5])
def test_values_and_gradients_are_the_frameworks(size):
    torch.manual_seed(0)
    published = nn.LocalResponseNorm(size, alpha=0.5, beta=0.75, k=2)
    first = torch.randn(2, 7, 5, 6, requires_grad=True)
    second = first.detach().clone().requires_grad_()

    expected, found = published(first), SlicedResponseNorm(published)(second)
    torch.autograd.backward(expected.square().sum())
    torch.autograd.backward(found.square().sum())

    assert torch.allclose(found, expected, atol=1e-6)
    assert first.grad is not None
    assert second.grad is not None
    assert torch.allclose(second.grad, first.grad, atol=1e-5)


def test_weights_trained_with_it_fit_the_network_that_ships():
    torch.manual_seed(0)
    layers = VGGMWidths((8, 8, 8, 8, 8), 8)
    trained, shipped = (VGGM((3, 64, 64), 4, layers).eval() for _ in range(2))
    with_sliced_norms(trained)

    load_weights(shipped, bytes_from_network(trained))

    discs = torch.randn(2, 3, 64, 64)
    assert torch.allclose(shipped(discs), trained(discs), atol=1e-5)
    assert sum(isinstance(layer, SlicedResponseNorm) for layer in trained.features) == 2


def test_another_power_is_refused():
    with pytest.raises(ValueError, match="beta 3/4"):
        SlicedResponseNorm(nn.LocalResponseNorm(5, beta=0.5))
