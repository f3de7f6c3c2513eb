"""The warm worker: a spawned process that loads the models once and runs one job after another.

Holoscan cannot be interrupted: a hung operator ends only with its process. So the
parent polls with a timeout, kills (never terminates) and spawns anew. The worker
dies with its parent. Its memory is watched by what it holds (resident), not by what it has
mapped: networks and drivers map many times what they use.
"""

import errno
import gc
import json
import logging
import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from app.logs import log_to_stderr
from app.service.processes import die_with_parent
from app.service.records import RunOutcome
from spine.errors import Code, SpineError

_LOG = logging.getLogger(__name__)

_WATCH_INTERVAL_S = 0.1
_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Job:
    """One study to analyze: paths and codes only.

    Attributes
    ----------
    input, output : folders; `output` exists and is empty
    priors : folder with our earlier reports on the patient; None if there is none
    analysis_time : ISO 8601 with offset
    previous : folder of the run whose result this one would replace; None if there is none
    """

    run_id: str
    input: str
    priors: str | None
    output: str
    profile: str
    analysis_time: str
    previous: str | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """What one job may take before its worker is killed.

    Attributes
    ----------
    memory_bytes : resident in the worker; 0 for no limit
    """

    timeout_s: float
    memory_bytes: int = 0


Analyze = Callable[[Job], RunOutcome]
LoadAnalysis = Callable[[], Analyze]


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
                target=_serve,
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


def _serve(connection: Connection, load: LoadAnalysis, parent: int) -> None:
    """Load, then answer one job after another until the parent closes the pipe."""
    die_with_parent(parent)
    log_to_stderr()
    try:
        analyze = load()
    except BaseException as error:  # noqa: BLE001 - the boundary of the process
        code, reason = describe(error)
        _LOG.error("worker: models not loaded: %s %s", code, reason)
        _send(connection, {"code": code.value, "reason": reason})
        return
    _send(connection, {"code": None, "reason": ""})
    while True:
        try:
            job = Job(**json.loads(connection.recv_bytes()))
        except (EOFError, OSError):
            return
        _send(connection, _answer(analyze, job).to_json())
        # A failed run of the graph keeps 20 MB until collected; holoscan also ignores SIGTERM.
        gc.collect()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _answer(analyze: Analyze, job: Job) -> RunOutcome:
    try:
        return analyze(job)
    except BaseException as error:  # noqa: BLE001 - the boundary of the process
        code, reason = describe(error)
        _LOG.error("run %s failed: %s %s", job.run_id, code, reason)
        return RunOutcome.failed(code)


def describe(error: BaseException) -> tuple[Code, str]:
    """Return code and reason of an error; of a foreign one only type and place.

    Messages of libraries may quote what they read, and so a patient.
    """
    if isinstance(error, SpineError):
        return error.code, error.reason
    if isinstance(error, MemoryError):
        return Code.WORKER_OUT_OF_MEMORY, "an allocation was refused"
    if isinstance(error, OSError) and error.errno in _DISK_FULL:
        return Code.DISK_LOW, "the disk is full"
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "unknown place"
    return Code.INTERNAL, f"{type(error).__name__} at {place}"


def _send(connection: Connection, message: dict[str, Any]) -> None:
    try:
        connection.send_bytes(json.dumps(message).encode())
    except OSError:
        # The parent is gone; so are we, at the next read.
        return
