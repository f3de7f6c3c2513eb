"""What a network learns from: inputs that may be streamed, and what to answer."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

Places = NDArray[np.intp]
# Batches read from disk while the device computes.
_READ_AHEAD = 6


class Examples(Protocol):
    """Inputs and targets, numbered from 0; inputs are read when they are needed."""

    @property
    def targets(self) -> NDArray[Any]:
        """What to answer, first axis an example."""

    def __len__(self) -> int:
        """Return the number of inputs."""

    def load(self, place: int) -> tuple[torch.Tensor, ...]:
        """Read one input into the memory of the host; called in threads."""

    def to_input(self, loaded: tuple[torch.Tensor, ...], device: torch.device) -> torch.Tensor:
        """Bring what was loaded to the device, as the network's input without batch axis."""


@dataclass(frozen=True, slots=True, eq=False)
class ArrayExamples:
    """Inputs in memory, or in a memory map.

    Attributes
    ----------
    inputs, targets : same first axis; without targets there is nothing to learn
    """

    inputs: NDArray[np.float32]
    targets: NDArray[Any] = field(default_factory=lambda: np.empty(0))

    def __len__(self) -> int:
        """Return the number of inputs."""
        return len(self.inputs)

    def load(self, place: int) -> tuple[torch.Tensor, ...]:
        """Copy one input."""
        return (torch.from_numpy(np.array(self.inputs[place])),)

    def to_input(self, loaded: tuple[torch.Tensor, ...], device: torch.device) -> torch.Tensor:
        """Bring the input to the device."""
        return loaded[0].to(device, non_blocking=True)


def batches(
    examples: Examples, places: Places, size: int, device: torch.device
) -> Iterator[tuple[Places, list[torch.Tensor]]]:
    """Yield batches on a device, in order, reading ahead; the last one may be smaller."""
    chosen = [places[start : start + size] for start in range(0, len(places), size)]
    with ThreadPoolExecutor(max(2, min(8, size))) as threads:
        waiting = iter(chosen)
        pending = [
            (batch, _submit(threads, examples, batch)) for batch in islice(waiting, _READ_AHEAD)
        ]
        while pending:
            batch, reads = pending.pop(0)
            pending.extend(
                (following, _submit(threads, examples, following))
                for following in islice(waiting, 1)
            )
            yield batch, [examples.to_input(read.result(), device) for read in reads]


def _submit(threads: ThreadPoolExecutor, examples: Examples, places: Places) -> Sequence[Any]:
    return [threads.submit(examples.load, int(place)) for place in places]
