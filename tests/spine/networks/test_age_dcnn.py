import torch

from spine.networks.age_dcnn import AgeDCNN


def test_has_the_parameters_of_table_2():
    network = AgeDCNN()

    counts = [
        sum(parameter.numel() for parameter in layer.parameters())
        for block in (*network.blocks, network.top)
        for layer in (block[0], block[1])
    ] + [sum(parameter.numel() for parameter in network.prediction.parameters())]

    assert counts == [
        896, 64, 55360, 128, 221312, 256, 884992, 512, 1769728, 512, 16448, 128, 65,
    ]  # fmt: skip
    assert sum(counts) == sum(p.numel() for p in network.parameters()) == 2_950_401


def test_layers_have_the_shapes_of_table_2():
    shapes = [list(block[0].weight.shape) for block in (*AgeDCNN().blocks, AgeDCNN().top)]

    assert shapes == [
        [32, 1, 3, 3, 3],
        [64, 32, 3, 3, 3],
        [128, 64, 3, 3, 3],
        [256, 128, 3, 3, 3],
        [256, 256, 3, 3, 3],
        [64, 256, 1, 1, 1],
    ]


def test_full_size_input_shrinks_to_288_cells():
    with torch.device("meta"):
        network = AgeDCNN()
        features = torch.empty(1, 1, 384, 793, 14)
        shapes = []
        for block in network.blocks:
            features = block(features)
            shapes.append(tuple(features.shape[2:]))

        assert network(torch.empty(2, 1, 384, 793, 14)).shape == (2, 1)

    assert shapes == [(192, 396, 7), (96, 198, 3), (48, 99, 1), (24, 49, 1), (12, 24, 1)]
    assert features.shape[2:].numel() == 288
