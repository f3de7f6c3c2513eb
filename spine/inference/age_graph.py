"""Blocks of the age DCNN as an OpenVINO graph that computes nothing in vain."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from openvino import Model, opset1

from spine.networks.age_layers import AgeLayer

# Inside the graph the longest axis comes last: over a last axis of 14, 7, 3 or 1 slices the
# convolutions reach a fraction of the processor's peak.
_RIGHT_FIRST = (0, 1, 4, 2, 3)
_RIGHT_LAST = (0, 1, 3, 4, 2)


def graph_of_blocks(
    layers: Sequence[AgeLayer], shape: tuple[int, int, int], *, is_tile: bool
) -> Any:
    """Build consecutive blocks for one input shape.

    Parameters
    ----------
    shape : of the input, anterior, superior, right
    is_tile : the input brings its neighbors in plane along, and nothing is padded there;
        further inputs, one between two blocks, shape (1, 1, 1, anterior, superior), are 0 where
        the tile reaches beyond the volume, whose padding the next block must see, and 1 inside

    Returns
    -------
    openvino.Model, (1, channels, anterior, superior, right) to the same order
    """
    source = opset1.parameter([1, layers[0].kernel.shape[1], *shape], np.float32)
    inputs, values = [source], opset1.transpose(source, np.array(_RIGHT_FIRST))
    for number, layer in enumerate(layers):
        if is_tile and number > 0:
            inside = opset1.parameter([1, 1, 1, *_sides(values)[1:]], np.float32)
            inputs.append(inside)
            values = opset1.multiply(values, inside)
        values = _block(values, layer, is_tile=is_tile)
    return Model([opset1.transpose(values, np.array(_RIGHT_LAST))], inputs)


def _block(values: Any, layer: AgeLayer, *, is_tile: bool) -> Any:
    kernel, sides = layer.kernel.transpose(_RIGHT_FIRST), _sides(values)
    pool = (layer.pool[2], *layer.pool[:2])
    pads = [_padding(side, step) for side, step in zip(sides, pool, strict=True)]
    if is_tile:
        pads[1:] = [(0, 0), (0, 0)]
    if sides[0] == pool[0] == 1:
        # Of the kernel only the middle meets a single slice; the rest meets padding.
        kernel, pads[0] = kernel[:, :, 1:2], (0, 0)
    begin, end = zip(*pads, strict=True)
    weights = opset1.constant(np.ascontiguousarray(kernel))
    found = opset1.convolution(values, weights, [1, 1, 1], begin, end, [1, 1, 1])
    found = opset1.relu(opset1.add(found, opset1.constant(layer.bias.reshape(1, -1, 1, 1, 1))))
    return opset1.max_pool(found, pool, [0, 0, 0], [0, 0, 0], pool)


def _padding(side: int, pool: int) -> tuple[int, int]:
    """Pad with one zero at each end, but leave out a last position that pooling throws away.

    What lies there is still read, as the neighbor of the last position that is kept.
    """
    return 1, 1 - side % pool


def _sides(values: Any) -> tuple[int, int, int]:
    """Return right, anterior, superior inside the graph."""
    right, anterior, superior = tuple(values.get_output_shape(0))[2:]
    return right, anterior, superior
