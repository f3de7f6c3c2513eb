"""Several processes that train one network together, started by ``torchrun``."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import distributed, nn


@dataclass(frozen=True, slots=True)
class Rank:
    """One of the processes.

    Attributes
    ----------
    number, count : 0 and 1 without ``torchrun``
    device : that this process trains on
    """

    number: int
    count: int
    device: torch.device

    @property
    def is_first(self) -> bool:
        """Whether this one writes."""
        return self.number == 0

    def share(self, total: int) -> slice:
        """Return every which of `total` items are this rank's; all ranks get equally many."""
        return slice(self.number, total - total % self.count, self.count)

    def parallel(self, network: nn.Module) -> nn.Module:
        """Average gradients over the ranks."""
        if self.count == 1:
            return network
        devices = [self.device.index] if self.device.type == "cuda" else None
        return nn.parallel.DistributedDataParallel(network, device_ids=devices)

    def mean(self, value: float, weight: int) -> float:
        """Return the mean over all ranks, weighted."""
        if self.count == 1:
            return value
        sums = torch.tensor([value * weight, weight], dtype=torch.float64, device=self.device)
        distributed.all_reduce(sums)
        return float(sums[0] / sums[1])

    def wait(self) -> None:
        """Wait for the other ranks."""
        if self.count > 1:
            distributed.barrier()


@contextmanager
def joined(device: str) -> Iterator[Rank]:
    """Join the processes that ``torchrun`` started, or be the only one.

    Parameters
    ----------
    device : ``cpu`` or ``cuda``; of several GPUs each process takes its own
    """
    count = int(os.environ.get("WORLD_SIZE", "1"))
    if device == "cuda":
        chosen = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))
        torch.cuda.set_device(chosen)
        # Inputs have one size: the fastest algorithm is found once.
        torch.backends.cudnn.benchmark = True
    else:
        chosen = torch.device(device)
    if count == 1:
        yield Rank(0, 1, chosen)
        return
    distributed.init_process_group("nccl" if device == "cuda" else "gloo")
    try:
        yield Rank(distributed.get_rank(), count, chosen)
    finally:
        distributed.destroy_process_group()
