"""The warm worker as its parent sees it: one job after another, with limits.

Holoscan cannot be interrupted: a hung operator ends only with its process. So the
parent polls with a timeout, kills (never terminates) and spawns anew. The worker
dies with its parent. Its memory is watched by what it holds (resident), not by what it has
mapped: networks and drivers map many times what they use.
"""

import json
import multiprocessing
import os
import signal
import time
from dataclasses import asdict
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from app.service.jobs import Job, Limits, LoadAnalysis
from app.service.records import RunOutcome
from app.service.worker_process import serve
from spine.errors import Code, SpineError

_WATCH_INTERVAL_S = 0.1
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class WorkerStartError(SpineError):
    """The worker could not load what it needs."""


class Worker:
    """The parent's side. One thread starts it, and must live as long as it is needed.

    Parameters
    ----------
    load : called once in the child; a function that can be found by its name there
    """

    def __init__(self, load: LoadAnalysis, start_timeout_s: float = 300.0) -> None:
        self._load = load
        self._start_timeout_s = start_timeout_s
        self._connection: Connection | None = None
        self._pid: int | None = None
        self._is_loaded = False
        # An attribute of its own: typeshed names no base class of the spawned processes.
        self._process: Any = None

    @property
    def pid(self) -> int | None:
        """Return the child's process id while it runs."""
        return self._pid

    def start(self) -> None:
        """Spawn the child and wait until it has loaded its models.

        Raises
        ------
        WorkerStartError
            With the code of what went wrong in the child; ``INTERNAL`` if the system gives
            no process or no memory for one.
        """
        try:
            self._spawn()
        except OSError as error:
            self.kill()
            raise WorkerStartError(Code.INTERNAL, f"not spawned: {error.strerror}") from error
        ready = self._receive(Limits(self._start_timeout_s))
        if isinstance(ready, Code):
            self.kill()
            raise WorkerStartError(ready, "the worker did not start")
        if ready["code"] is not None:
            self.kill()
            raise WorkerStartError(Code(ready["code"]), ready["reason"])
        self._is_loaded = True

    def _spawn(self) -> None:
        # Never fork: holoscan, torch and OpenVINO hold threads.
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        with theirs:
            process = context.Process(
                target=serve,
                args=(theirs, self._load, os.getpid()),
                name="spinemap-worker",
                daemon=True,
            )
            process.start()
        self._process, self._pid = process, process.pid

    def run(self, job: Job, limits: Limits) -> RunOutcome:
        """Run one job; a child that dies or takes too much is killed, and must be started anew."""
        if self._connection is None:
            return RunOutcome.failed(Code.WORKER_DIED)
        try:
            self._connection.send_bytes(json.dumps(asdict(job)).encode())
        except OSError:
            self.kill()
            return RunOutcome.failed(Code.WORKER_DIED)
        answer = self._receive(limits)
        if isinstance(answer, Code):
            self.kill()
            return RunOutcome.failed(answer)
        return RunOutcome.from_json(answer)

    @property
    def is_loaded(self) -> bool:
        """Tell whether the child runs and has loaded its models."""
        return self._is_loaded

    def is_alive(self) -> bool:
        """Tell whether the child runs."""
        return self._process is not None and bool(self._process.is_alive())

    def interrupt(self) -> None:
        """Kill the child from another thread: a `run` under way returns ``WORKER_DIED``."""
        pid = self._pid
        if pid is not None:
            _kill_group(pid)

    def kill(self) -> None:
        """End the child and everything it started."""
        process, self._process = self._process, None
        self._is_loaded = False
        if process is not None:
            _kill_group(process.pid)
            process.join()
        self._pid = None
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _receive(self, limits: Limits) -> dict[str, Any] | Code:
        connection = self._connection
        if connection is None:
            return Code.WORKER_DIED
        deadline = time.monotonic() + limits.timeout_s
        try:
            while not connection.poll(_WATCH_INTERVAL_S):
                if limits.memory_bytes and resident_bytes(self._pid) > limits.memory_bytes:
                    return Code.WORKER_OUT_OF_MEMORY
                if time.monotonic() >= deadline:
                    return Code.WORKER_TIMEOUT
            message: dict[str, Any] = json.loads(connection.recv_bytes())
        except (EOFError, OSError):
            return Code.WORKER_DIED
        return message


def resident_bytes(pid: int | None) -> int:
    """Return how much memory a process holds, 0 where there is no such process."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES
    except (OSError, IndexError):
        return 0


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        # Spawned, but not yet so far as to lead its own group.
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            return
