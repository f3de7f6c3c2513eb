"""The same work on many things, in this process or in several."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

Thing = TypeVar("Thing")
Result = TypeVar("Result")


def each(
    work: Callable[[Thing], Result], things: Sequence[Thing], workers: int
) -> Iterator[Result]:
    """Yield the result for every thing, in order.

    Parameters
    ----------
    work : can be pickled where there is more than one worker
    workers : processes; one works here
    """
    if workers == 1:
        yield from map(work, things)
        return
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        tasks = [pool.submit(work, thing) for thing in things]
        for task in tasks:
            yield task.result()
