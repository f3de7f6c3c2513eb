"""CPU-seconds of this process with all its threads, wall seconds, and the memory of others."""

import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Cost:
    """What a call took; CPU-seconds are the reliable ones on a busy machine."""

    cpu_s: float
    wall_s: float


def measure(call: Callable[[], Value]) -> tuple[Value, Cost]:
    """Run a call once and return its value and cost."""
    cpu, wall = time.process_time(), time.perf_counter()
    value = call()
    return value, Cost(time.process_time() - cpu, time.perf_counter() - wall)


def side_by_side(
    ours: Callable[[], object], theirs: Callable[[], object], repetitions: int
) -> tuple[Cost, Cost]:
    """Run both in turn and return the cheapest of each, so that both met the same machine."""
    costs = [(measure(ours)[1], measure(theirs)[1]) for _ in range(repetitions)]
    return _cheapest([ours for ours, _ in costs]), _cheapest([theirs for _, theirs in costs])


def _cheapest(costs: list[Cost]) -> Cost:
    return min(costs, key=lambda cost: cost.cpu_s)


def peak_memory_gib(call: Callable[..., None], *arguments: object) -> float:
    """Return the most that a process of its own held while it made a call.

    The kernel's ``ru_maxrss`` would not do: a new process inherits its parent's.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_peak_of, call, *arguments).result()


def _peak_of(call: Callable[..., None], *arguments: object) -> float:
    call(*arguments)
    lines = Path("/proc/self/status").read_text().splitlines()
    (peak,) = (line for line in lines if line.startswith("VmHWM"))
    return int(peak.split()[1]) / 2**20
