"""The age DCNN made ready: its convolutions on a backend, its last layers in numpy."""

import numpy as np
from numpy.typing import NDArray

from spine.inference.age_graph import graph_of_blocks
from spine.inference.age_tiles import TiledBlocks
from spine.inference.backends import (
    Backend,
    Hardware,
    OpenVINONetwork,
    compile_graph,
    compile_network,
    require_device,
)
from spine.inference.models import AgeNetwork, Network
from spine.networks.age_dcnn import AgeDCNN
from spine.networks.age_head import head_from_network
from spine.networks.age_layers import layers_from_network

Array = NDArray[np.float32]

# Blocks that run on tiles, stage by stage; the others cost a twentieth of the whole.
_TILED = (slice(0, 2), slice(2, 3))
_WHOLE = slice(3, None)


def compile_age_network(
    network: AgeDCNN, input_shape: tuple[int, int, int, int], hardware: Hardware
) -> AgeNetwork:
    """Make a trained age DCNN ready for one input shape.

    On torch, which GPUs need, its blocks run as they are; on OpenVINO they skip what cannot
    change the result (docs/adr/0026).

    Parameters
    ----------
    input_shape : channel, anterior, superior, right

    Raises
    ------
    SpineError
        ``DEVICE_MISSING``, before anything is computed.
    """
    require_device(hardware)
    head = head_from_network(network)
    if hardware.backend is Backend.TORCH:
        body = compile_network(network.blocks, input_shape, input_shape, hardware)
        return AgeNetwork(body, head)
    return AgeNetwork(MaskedBody(network, input_shape, hardware), head)


class MaskedBody:
    """The age DCNN's blocks on OpenVINO, for input that is mostly 0."""

    def __init__(
        self, network: AgeDCNN, input_shape: tuple[int, int, int, int], hardware: Hardware
    ) -> None:
        layers = layers_from_network(network)
        empty: Array = np.zeros(input_shape, np.float32)
        self._stages: list[TiledBlocks] = []
        for part in _TILED:
            self._stages.append(TiledBlocks(layers[part], empty, hardware))
            empty = self._stages[-1].background
        _, *shape = empty.shape
        graph = graph_of_blocks(layers[_WHOLE], (shape[0], shape[1], shape[2]), is_tile=False)
        self._rest: Network = OpenVINONetwork(compile_graph(graph, hardware))

    def __call__(self, batch: Array, /) -> Array:
        """Map (n, 1, anterior, superior, right) to the last block's maps."""
        return np.concatenate([self._run(spine) for spine in batch])

    def _run(self, spine: Array) -> Array:
        values, touched = spine, (spine[0] != 0).any(axis=-1)
        for stage in self._stages:
            values, touched = stage(values, touched)
        return self._rest(values[None])
