"""Clocks: CPU-seconds of this process with all its threads, and wall seconds."""

import time
from collections.abc import Callable
from dataclasses import dataclass
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
