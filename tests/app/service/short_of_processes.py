"""A system that has no process to give, as under a limit of a container."""

import errno
import os
from multiprocessing.context import SpawnProcess

import pytest


def refuse_processes(monkeypatch: pytest.MonkeyPatch, times: int) -> list[OSError]:
    """Let so many processes not be spawned; return the refusals that are left."""
    start = SpawnProcess.start
    refusals = [OSError(errno.EAGAIN, os.strerror(errno.EAGAIN)) for _ in range(times)]

    def refuse(process: SpawnProcess) -> None:
        if refusals:
            raise refusals.pop()
        start(process)

    monkeypatch.setattr(SpawnProcess, "start", refuse)
    return refusals
