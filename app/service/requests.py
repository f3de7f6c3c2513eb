"""What a command asks of the running service, as files: ``requests/<time>-<hash>.json``.

A request is durable before the command ends, is carried out by whoever serves, now or after
the next start, and is deleted only then. Carrying it out twice changes nothing.
"""

import json
import logging
import threading
import time
import uuid
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

from app.service.durable import fsync_folder, make_folder_durably, write_json_durably
from app.service.records import RunRecord, State
from app.service.register import Register

_LOG = logging.getLogger(__name__)

_CHECK_INTERVAL_S = 0.5


class Engine(Protocol):
    """What `app.service.workflows.Workflows` must be able to do."""

    def analyze(self, record: RunRecord) -> None: ...

    def deliver(self, run_id: str, destination: str) -> None: ...

    def forget(self, workflow_id: str) -> bool: ...

    def wake(self, run_id: str, destination: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Retry:
    """A run again: its analysis if that failed, else its deliveries at once.

    Attributes
    ----------
    destination : only this one; None for all that lack something
    """

    run_id: str
    destination: str | None = None


def ask(register: Register, request: Retry) -> Path:
    """Leave a request for whoever serves."""
    folder = _folder(register)
    make_folder_durably(folder)
    path = folder / f"{time.time_ns()}-{uuid.uuid4().hex}.json"
    write_json_durably(path, asdict(request), folder)
    return path


class Requests:
    """Carries requests out, oldest first."""

    def __init__(self, register: Register, engine: Engine) -> None:
        self._register = register
        self._engine = engine
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="requests", daemon=True)

    def start(self) -> None:
        """Watch the folder."""
        self._thread.start()

    def stop(self) -> None:
        """Carry out no more; what is left waits for the next start."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def take_up(self) -> None:
        """Carry out everything that waits; a request that fails is tried again later."""
        for path in sorted(_folder(self._register).glob("*.json")):
            try:
                self._carry_out(Retry(**json.loads(path.read_text())))
            except (ValueError, TypeError, KeyError, FileNotFoundError) as error:
                _LOG.error("request %s dropped: %s", path.name, type(error).__name__)
            path.unlink()
            fsync_folder(path.parent)

    def _watch(self) -> None:
        while not self._stopping.wait(_CHECK_INTERVAL_S):
            try:
                self.take_up()
            except Exception as error:  # noqa: BLE001 - a database may fail in any way
                _LOG.error("request not carried out, tried again: %s", type(error).__name__)

    def _carry_out(self, request: Retry) -> None:
        record = self._register.run(request.run_id)
        outcome = self._register.outcome(record.run_id)
        _LOG.info("run %s: retry asked for", record.run_id)
        if outcome is None or outcome.state is State.FAILED:
            self._analyze_again(record)
        elif outcome.state is State.WRITTEN:
            for name in record.destinations:
                if request.destination in (None, name):
                    self._deliver_now(record.run_id, name)

    def _analyze_again(self, record: RunRecord) -> None:
        workflow_id = f"analyze/{record.study_instance_uid}/{record.number}"
        if not self._engine.forget(workflow_id):
            return
        # After the engine forgot: killed in between, the request is still there.
        _put_outcome_aside(self._register.run_folder(record.run_id))
        self._engine.analyze(record)

    def _deliver_now(self, run_id: str, destination: str) -> None:
        if self._register.receipt(run_id, destination).is_complete:
            return
        self._engine.forget(f"deliver/{run_id}/{destination}")
        self._engine.deliver(run_id, destination)
        self._engine.wake(run_id, destination)


def _put_outcome_aside(folder: Path) -> None:
    """Keep how the run ended as ``outcome.<n>.json``; from now on it has not ended."""
    path = folder / "outcome.json"
    if path.exists():
        number = len(list(folder.glob("outcome.*.json"))) + 1
        path.rename(folder / f"outcome.{number}.json")
        fsync_folder(folder)


def _folder(register: Register) -> Path:
    return register.root / "requests"
