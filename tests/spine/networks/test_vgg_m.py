import torch

from spine.networks.vgg_m import NARROW, VGGM, VGGMWidths


def test_published_widths_have_98_9_million_parameters():
    with torch.device("meta"):
        network = VGGM((9, 224, 224), 5, VGGMWidths())
        features = network.features(torch.empty(1, 9, 224, 224))

    assert features.shape == (1, 512, 6, 6)
    assert round(sum(p.numel() for p in network.parameters()) / 1e6, 1) == 98.9


def test_feature_maps_shrink_as_published():
    with torch.device("meta"):
        features = torch.empty(1, 3, 224, 224)
        sides = []
        for layer in VGGM((3, 224, 224), 4, VGGMWidths()).features:
            features = layer(features)
            sides.append(features.shape[-1])

    assert list(dict.fromkeys(sides)) == [109, 54, 26, 13, 6]


def test_narrow_network_fits_sixteen_mebibytes():
    network = VGGM((9, 96, 128), 5, NARROW)

    assert sum(p.numel() * p.element_size() for p in network.parameters()) <= 16 * 2**20
    assert network(torch.zeros(2, 9, 96, 128)).shape == (2, 5)
