"""Where the age DCNN's blocks have anything to compute, and computing only there."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spine.inference.age_graph import graph_of_blocks
from spine.inference.backends import Hardware, compile_graph
from spine.networks.age_layers import AgeLayer

Array = NDArray[np.float32]
Mask = NDArray[np.bool_]
Corner = tuple[int, int]

# Cells of the output, anterior and superior. From 4 x 8 to 16 x 16 the cost of a whole spine
# is about the same: small tiles follow the mask, large ones waste less on their halo.
_TILE = (8, 8)


@dataclass(frozen=True, slots=True)
class Tiling:
    """Tiles in the plane of one output of consecutive blocks, each of which halves it.

    Attributes
    ----------
    blocks : how many
    plane : size of the input, anterior and superior
    """

    blocks: int
    plane: tuple[int, int]

    @property
    def step(self) -> int:
        """Input pixels of a cell of the output, along each axis."""
        return int(2**self.blocks)

    @property
    def halo(self) -> int:
        """Input pixels that a tile reads beyond its own: 1 for a block, 1 + 2 for two."""
        return self.step - 1

    @property
    def cells(self) -> tuple[int, int]:
        """Size of the output's plane; pooling leaves out what remains of an odd size."""
        return self.plane[0] // self.step, self.plane[1] // self.step

    @property
    def tile(self) -> tuple[int, int]:
        """Cells of a tile: never more than there are."""
        return min(_TILE[0], self.cells[0]), min(_TILE[1], self.cells[1])

    @property
    def tile_input(self) -> tuple[int, int]:
        """Input pixels of a tile, halo included."""
        anterior, superior = (self.step * side + 2 * self.halo for side in self.tile)
        return anterior, superior

    def cover(self, touched: Mask) -> Iterator[Corner]:
        """Yield the first cell of tiles that hold every touched cell and lie in the plane.

        Bands of superior; in each, tiles start where the mask does.
        """
        deep, high = self.tile
        last = self.cells[0] - deep, self.cells[1] - high
        for band in range(0, self.cells[1], high):
            rows = np.flatnonzero(touched[:, band : band + high].any(axis=1))
            while rows.size:
                anterior = min(int(rows[0]), last[0])
                yield anterior, min(band, last[1])
                rows = rows[rows >= anterior + deep]

    def source(self, corner: Corner) -> tuple[slice, slice]:
        """Return where a tile's input lies in a plane that the halo was added to."""
        starts = [self.step * first for first in corner]
        anterior, superior = zip(starts, self.tile_input, strict=True)
        return slice(anterior[0], sum(anterior)), slice(superior[0], sum(superior))

    def target(self, corner: Corner) -> tuple[slice, slice]:
        """Return where a tile's cells lie."""
        (anterior, superior), (deep, high) = corner, self.tile
        return slice(anterior, anterior + deep), slice(superior, superior + high)

    def inside(self, corner: Corner) -> list[Array]:
        """Return, after each block but the last, 1 inside the volume and 0 where a tile leaves it.

        Shapes (1, 1, 1, anterior, superior).
        """
        return [
            np.outer(*(self._inside(axis, corner[axis], block) for axis in (0, 1)))[
                None, None, None
            ]
            for block in range(1, self.blocks)
        ]

    def _inside(self, axis: int, first: int, block: int) -> Array:
        step = 2 ** (self.blocks - block)
        positions = np.arange(step * first - (step - 1), step * (first + self.tile[axis] + 1) - 1)
        within = (positions >= 0) & (positions < self.plane[axis] // 2**block)
        found: Array = within.astype(np.float32)
        return found


def touched_after_block(touched: Mask) -> Mask:
    """Return the cells of a block's output that see a touched pixel: 3 x 3, pooled by 2."""
    near = ndimage.maximum_filter(touched, 3, mode="constant")
    anterior, superior = (side // 2 for side in touched.shape)
    pairs = near[: 2 * anterior, : 2 * superior].reshape(anterior, 2, superior, 2)
    found: Mask = pairs.any(axis=(1, 3))
    return found


class TiledBlocks:
    """Consecutive blocks that run on tiles; elsewhere their output is that of an empty volume.

    Attributes
    ----------
    background : the output for an empty volume, zero padding at the true borders included,
        shape (channels, anterior, superior, right)
    """

    def __init__(self, layers: Sequence[AgeLayer], empty: Array, hardware: Hardware) -> None:
        """Compile for one tile and compute the background.

        Parameters
        ----------
        empty : the input that an empty volume gives, (channels, anterior, superior, right)
        """
        _, anterior, superior, right = empty.shape
        self._tiling = Tiling(len(layers), (anterior, superior))
        graph = graph_of_blocks(layers, (*self._tiling.tile_input, right), is_tile=True)
        # A thread a tile: two that share one so small wait for each other.
        self._compiled = compile_graph(graph, hardware, streams=hardware.threads)
        self._threads = hardware.threads
        channels, *_, slices = graph.output(0).shape[1:]
        self.background: Array = np.zeros((channels, *self._tiling.cells, slices), np.float32)
        self.background = self._pasted(empty, np.ones(self._tiling.cells, np.bool_))

    def __call__(self, values: Array, touched: Mask) -> tuple[Array, Mask]:
        """Return the blocks' output and which of its cells may differ from the background.

        Parameters
        ----------
        values : shape (channels, anterior, superior, right)
        touched : where `values` may differ from an empty volume's, (anterior, superior)
        """
        for _ in range(self._tiling.blocks):
            touched = touched_after_block(touched)
        return self._pasted(values, touched), touched

    def _pasted(self, values: Array, touched: Mask) -> Array:
        halo = (self._tiling.halo,) * 2
        padded = np.pad(values, ((0, 0), halo, halo, (0, 0)))
        found = self.background.copy()
        for corner, tile in self._run(padded, list(self._tiling.cover(touched))).items():
            found[:, *self._tiling.target(corner)] = tile
        return found

    def _run(self, padded: Array, corners: list[Corner]) -> dict[Corner, Array]:
        """Run a tile a thread, waiting for the oldest.

        OpenVINO's own queue calls back into Python, and has hung when it was taken down while
        its last callback still waited for the interpreter.
        """
        requests = [self._compiled.create_infer_request() for _ in range(self._threads)]
        running: deque[tuple[Any, Corner]] = deque()
        tiles: dict[Corner, Array] = {}
        for at, corner in enumerate(corners):
            if at >= self._threads:
                tiles |= _finished(*running.popleft())
            request = requests[at % self._threads]
            cut = padded[:, *self._tiling.source(corner)]
            request.start_async([cut[None], *self._tiling.inside(corner)])
            running.append((request, corner))
        for request, corner in running:
            tiles |= _finished(request, corner)
        return tiles


def _finished(request: Any, corner: Corner) -> dict[Corner, Array]:
    request.wait()
    return {corner: request.get_output_tensor().data[0].copy()}
