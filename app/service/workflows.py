"""Durable workflows: every run is analyzed once and delivered to each of its destinations.

``analyze/<study>/<n>`` on the queue ``inference``, ``deliver/<run>/<destination>`` on one
queue a destination. Only ids and codes cross a step's boundary, as JSON: the engine
would pickle them. The disk is the register; the database can be rebuilt from it.
"""

import logging
import sqlite3
from collections.abc import Callable, Iterable
from pathlib import Path

from dbos import (
    DBOS,
    DBOSConfig,
    DBOSPortableJSONSerializer,
    SetWorkflowID,
    WorkflowSerializationFormat,
)

from app.service.delivery import DELIVERED, Delivery, pause_s
from app.service.inference import Inference
from app.service.records import RunOutcome, RunRecord, State
from app.service.register import Register
from app.service.worker import Job

_LOG = logging.getLogger(__name__)

INFERENCE_QUEUE = "inference"
_POLLING_INTERVAL_S = 0.2
# A destination that refuses one run must not hold up the others.
_DELIVERIES_AT_ONCE = 4
# Rows of another version are never recovered: raised only together with a migration.
_APPLICATION_VERSION = "1"
_RECOVERIES = 5
_DISK_FAILED = "disk failed"
_ACTIVE = ("PENDING", "ENQUEUED", "DELAYED")
_WAKE_UP = "wake up"
_PORTABLE = WorkflowSerializationFormat.PORTABLE


class Workflows:
    """The engine and its two workflows."""

    def __init__(
        self, register: Register, inference: Inference, delivery: Delivery, executor: str = "main"
    ) -> None:
        self._register = register
        self._inference = inference
        self._delivery = delivery
        self._executor = executor
        self._analyze: Callable[[str], str] | None = None
        self._deliver: Callable[[str, str], None] | None = None

    def start(self, destinations: Iterable[str]) -> None:
        """Launch the engine; it takes up what a killed process left."""
        database = self._register.root / "workflows.sqlite"
        _prepare_database(database)
        DBOS(
            config=DBOSConfig(
                name="spinemap",
                system_database_url=f"sqlite:///{database.resolve()}",
                executor_id=self._executor,
                application_version=_APPLICATION_VERSION,
                serializer=DBOSPortableJSONSerializer(),
                notification_listener_polling_interval_sec=_POLLING_INTERVAL_S,
                log_level="WARNING",
            )
        )
        self._analyze = self._define_analysis()
        self._deliver = self._define_delivery()
        DBOS.launch()
        self._register_queues(destinations)
        self._take_up()

    def stop(self) -> None:
        """Let nothing more start; running workflows stay as they are for the next start."""
        DBOS.destroy(destroy_registry=True)

    def analyze(self, record: RunRecord) -> None:
        """Queue a run; queueing it again changes nothing."""
        if self._analyze is None:
            raise RuntimeError("the workflows have not been started")
        with SetWorkflowID(f"analyze/{record.study_instance_uid}/{record.number}"):
            DBOS.enqueue_workflow(INFERENCE_QUEUE, self._analyze, record.run_id)

    def deliver(self, run_id: str, destination: str) -> None:
        """Queue a delivery; queueing it again changes nothing."""
        if self._deliver is None:
            raise RuntimeError("the workflows have not been started")
        with SetWorkflowID(f"deliver/{run_id}/{destination}"):
            DBOS.enqueue_workflow(queue_of(destination), self._deliver, run_id, destination)

    def forget(self, workflow_id: str) -> bool:
        """Let an ended workflow be queued again; return false, and change nothing, while it runs.

        The engine takes a workflow's id for a permanent key.
        """
        row = DBOS.get_workflow_status(workflow_id)
        if row is not None and row.status in _ACTIVE:
            return False
        if row is not None:
            DBOS.delete_workflow(workflow_id)
        return True

    def wake(self, run_id: str, destination: str) -> None:
        """End the pause of a delivery between two tries."""
        DBOS.send(f"deliver/{run_id}/{destination}", "now", _WAKE_UP, serialization_type=_PORTABLE)

    def _define_analysis(self) -> Callable[[str], str]:
        @DBOS.step(name="begin")
        def begin(run_id: str) -> str:
            """Fix the analysis time: a repeated run says the same as the first."""
            return self._register.run(run_id).analysis_time

        @DBOS.step(name="infer")
        def infer(run_id: str, analysis_time: str) -> str:
            try:
                return self._infer(run_id, analysis_time).value
            except OSError as error:
                _LOG.error("run %s interrupted: %s", run_id, error.strerror)
                return _DISK_FAILED

        @DBOS.workflow(
            name="analyze", max_recovery_attempts=_RECOVERIES, serialization_type=_PORTABLE
        )
        def analyze(run_id: str) -> str:
            analysis_time = begin(run_id)
            attempt = 0
            # An exception would end the workflow for good; disks are mended.
            while (state := infer(run_id, analysis_time)) == _DISK_FAILED:
                DBOS.sleep(pause_s(attempt))
                attempt += 1
            if state == State.WRITTEN:
                for destination in self._register.run(run_id).destinations:
                    self.deliver(run_id, destination)
            return state

        workflow: Callable[[str], str] = analyze
        return workflow

    def _define_delivery(self) -> Callable[[str, str], None]:
        @DBOS.step(name="send")
        def send(run_id: str, destination: str) -> str:
            return self._delivery.deliver(run_id, destination)

        # Restarts are counted as recoveries: a destination may be away for any number of them.
        @DBOS.workflow(name="deliver", max_recovery_attempts=None, serialization_type=_PORTABLE)
        def deliver(run_id: str, destination: str) -> None:
            attempt = 0
            while send(run_id, destination) != DELIVERED:
                # Durable, and without end: a step's own retries would end in an error.
                DBOS.recv(_WAKE_UP, pause_s(attempt))
                attempt += 1

        workflow: Callable[[str, str], None] = deliver
        return workflow

    def _infer(self, run_id: str, analysis_time: str) -> State:
        ended = self._register.outcome(run_id)
        if ended is None:
            ended = self._run(self._register.run(run_id), analysis_time)
        log = _LOG.error if ended.state is State.FAILED else _LOG.info
        log("run %s %s %s", run_id, ended.state, ended.code or "")
        return ended.state

    def _run(self, record: RunRecord, analysis_time: str) -> RunOutcome:
        source, output = self._register.open_work(record)
        job = Job(record.run_id, str(source), None, str(output), record.profile, analysis_time)
        outcome = self._inference.run(job)
        self._register.close_work(record.run_id, outcome)
        return outcome

    def _register_queues(self, destinations: Iterable[str]) -> None:
        DBOS.register_queue(
            INFERENCE_QUEUE, worker_concurrency=1, polling_interval_sec=_POLLING_INTERVAL_S
        )
        for destination in destinations:
            DBOS.register_queue(
                queue_of(destination),
                worker_concurrency=_DELIVERIES_AT_ONCE,
                polling_interval_sec=_POLLING_INTERVAL_S,
            )

    def _take_up(self) -> None:
        """Queue whatever the disk says is unfinished; what the database knows is not repeated."""
        for record in self._register.runs():
            outcome = self._register.outcome(record.run_id)
            if outcome is None:
                self.analyze(record)
            elif outcome.state is State.WRITTEN:
                for name in record.destinations:
                    if not self._register.receipt(record.run_id, name).is_complete:
                        self.deliver(record.run_id, name)


def queue_of(destination: str) -> str:
    """Return the name of a destination's queue."""
    return f"deliver-{destination}"


def _prepare_database(path: Path) -> None:
    """Set the journal, which stays with the file: readers then never block the writer."""
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
    connection.close()
