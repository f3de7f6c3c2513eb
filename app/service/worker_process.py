"""The worker's side: a process that loads the models once and answers one job after another."""

import errno
import gc
import json
import logging
import signal
from multiprocessing.connection import Connection
from typing import Any

from app.logs import log_to_stderr
from app.service.jobs import Analyze, Job, LoadAnalysis
from app.service.processes import die_with_parent
from app.service.records import RunOutcome
from spine.errors import Code, SpineError

_LOG = logging.getLogger(__name__)

_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


def serve(connection: Connection, load: LoadAnalysis, parent: int) -> None:
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
