"""Costs are this process's CPU and wall time; comparisons keep each side's best."""

import time

import pytest

from bench.networks import ratio
from bench.timing import Cost, measure, peak_memory_gib, side_by_side


def test_sleeping_costs_wall_time_but_no_cpu():
    value, cost = measure(lambda: time.sleep(0.05) or "slept")
    assert value == "slept"
    assert cost.wall_s >= 0.05
    assert cost.cpu_s < 0.04


def test_both_sides_run_in_turn():
    calls = []
    side_by_side(lambda: calls.append("ours"), lambda: calls.append("theirs"), repetitions=2)
    assert calls == ["ours", "theirs", "ours", "theirs"]


def test_a_comparison_tells_how_many_times_fewer():
    ours, theirs, times = ratio("net", Cost(2.0, 9.0), Cost(8.0, 9.0), "stock", target=5.0)
    assert (ours.value, theirs.value) == (2.0, 8.0)
    assert times.value == pytest.approx(4.0)
    assert times.met is False


def _hold(mebibytes: int) -> None:
    bytearray(b"x" * (mebibytes << 20))


@pytest.mark.slow
def test_the_memory_of_a_process_is_its_own_and_not_its_parents():
    ours = bytearray(b"x" * (1 << 30))

    nothing, much = peak_memory_gib(_hold, 0), peak_memory_gib(_hold, 400)

    assert len(ours) == 1 << 30
    assert nothing < 1
    assert 0.35 < much - nothing < 1
