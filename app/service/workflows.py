"""Durable workflows: every run is analyzed once and delivered to each of its destinations.

``analyze/<study>/<n>`` on the queue ``inference``; ``deliver/<run>/<destination>`` on one
queue a destination, and its later tries ``deliver/<run>/<destination>/<try>``, each queued
with a delay by the one before: a delivery that waits holds no thread and nobody up. Only ids
and codes cross a step's boundary, as JSON: the engine would pickle them. The disk is the
register; `reconcile` compares, and the database can be rebuilt from it.
"""

import logging
import threading
from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import replace

from dbos import DBOS, SetEnqueueOptions, SetWorkflowID, WorkflowSerializationFormat

from app.service import attempts
from app.service.busy import Busy
from app.service.counters import StepTimes
from app.service.delivery import BUSY, DELIVERED, WITHDRAWN, Delivery, pause_s
from app.service.engine import ACTIVE, Engine
from app.service.execution import Execution
from app.service.flow_names import (
    INFERENCE_QUEUE,
    STAT_PRIORITY,
    analysis_id,
    delivery_id,
    family_of,
    priority_of,
    queue_of,
    try_of,
)
from app.service.inference import Inference
from app.service.recalls import is_settled
from app.service.records import RunRecord, State
from app.service.register import Register

_LOG = logging.getLogger(__name__)

_DELIVERIES_AT_ONCE = 4
_AGAIN = "again"
_PORTABLE = WorkflowSerializationFormat.PORTABLE


class Workflows:
    """The engine and its two workflows."""

    def __init__(
        self, register: Register, inference: Inference, delivery: Delivery, executor: str = "main"
    ) -> None:
        self._register = register
        self._execution = Execution(register, inference)
        self._delivery = delivery
        self.engine = Engine(register.root / "workflows.sqlite", executor)
        self.step_times = StepTimes()
        self._analyze: Callable[[str], str] | None = None
        self._deliver: Callable[[str, str, int], str] | None = None
        self._unfinished: set[str] = set()
        self._busy = Busy()
        self._suspects: set[str] = set()
        self._lock = threading.Lock()

    def start(self, destinations: Iterable[str]) -> None:
        """Launch the engine; it takes up what a killed process left."""
        self.engine.configure()
        self._analyze = self._define_analysis()
        self._deliver = self._define_delivery()
        self.engine.launch()
        self.engine.add_queue(INFERENCE_QUEUE, 1)
        for destination in destinations:
            self.engine.add_queue(queue_of(destination), _DELIVERIES_AT_ONCE)
        for record in self._register.runs():
            if not self._is_finished(record):
                self._unfinished.add(record.run_id)
        self.reconcile()

    def stop(self) -> None:
        """Let nothing more start; running workflows stay as they are for the next start."""
        self.engine.stop()

    def analyze(self, record: RunRecord) -> None:
        """Queue a run; queueing it again changes nothing."""
        if self._analyze is None:
            raise RuntimeError("the workflows have not been started")
        with self._lock:
            self._unfinished.add(record.run_id)
        priority = priority_of(record)
        with SetWorkflowID(analysis_id(record)), SetEnqueueOptions(priority=priority):
            DBOS.enqueue_workflow(INFERENCE_QUEUE, self._analyze, record.run_id)

    def deliver(self, run_id: str, destination: str, number: int = 0) -> None:
        """Queue a try to deliver, counted from 0; queueing it again changes nothing."""
        if self._deliver is None:
            raise RuntimeError("the workflows have not been started")
        options = SetEnqueueOptions(
            priority=priority_of(self._register.run(run_id)),
            delay_seconds=pause_s(number - 1) if number else None,
        )
        # Also where the settings no longer name it: somebody must say that it cannot be reached.
        self.engine.add_queue(queue_of(destination), _DELIVERIES_AT_ONCE)
        with SetWorkflowID(delivery_id(run_id, destination, number)), options:
            DBOS.enqueue_workflow(queue_of(destination), self._deliver, run_id, destination, number)

    def hasten(self, run_id: str) -> None:
        """Let a run go before all that are not urgent (STAT), also its deliveries."""
        record = replace(self._register.run(run_id), is_urgent=True)
        self._register.write_run(record)
        self.engine.set_priority(analysis_id(record), STAT_PRIORITY)
        for destination in record.destinations:
            for row in self.engine.family(delivery_id(run_id, destination)):
                self.engine.set_priority(row.workflow_id, STAT_PRIORITY)

    def retry(self, run_id: str, only: str = "") -> None:
        """Analyze a failed or quarantined run again; deliver at once what waits for its next try.

        A run that neither failed nor waits stays as it is.

        Parameters
        ----------
        only : the destination to deliver to at once; all if empty
        """
        with self._lock:
            # First: whatever fails below, the next round goes on with it.
            self._unfinished.add(run_id)
        record, outcome = self._register.run(run_id), self._register.outcome(run_id)
        if outcome is not None and outcome.state.is_retryable:
            attempts.forget(self._register, run_id)
            self._register.forget_outcome(run_id)
        elif outcome is not None:
            for destination in (only,) if only else record.destinations:
                rows = self.engine.family(delivery_id(run_id, destination))
                self.engine.forget(row.workflow_id for row in rows if row.status == "DELAYED")
        self._reconcile_run(record)

    def reconcile(self) -> None:
        """Queue whatever the disk says is unfinished and the database does not know or thinks done.

        Urgent ones first: they may be taken from the queue while this still goes on.
        """
        with self._lock:
            unfinished = list(self._unfinished)
        active = {family_of(row.workflow_id) for row in self.engine.rows(ACTIVE)}
        # Order before work, and no record kept: a backlog may be long.
        records = map(self._register.run, unfinished)
        order = sorted((priority_of(item), item.analysis_time, item.run_id) for item in records)
        for *_, run_id in order:
            self._reconcile_run(self._register.run(run_id), active)

    def resume_abandoned(self) -> None:
        """Queue again what has counted as running for two rounds though nobody runs it.

        As after a checkpoint for which the disk had no room.
        """
        pending = self.engine.rows(["PENDING"])
        abandoned = [row for row in pending if row.workflow_id not in self._busy]
        for row in abandoned:
            if row.workflow_id in self._suspects:
                _LOG.error("workflow %s was abandoned and is queued again", row.workflow_id)
                self.engine.resume(row)
        self._suspects = {row.workflow_id for row in abandoned} - self._suspects

    def limit_delays(self) -> None:
        """Let a delivery be tried again in time though the clock was set back meanwhile."""
        self.engine.limit_delays(lambda workflow_id: pause_s(max(try_of(workflow_id) - 1, 0)))

    def _reconcile_run(self, record: RunRecord, active: AbstractSet[str] = frozenset()) -> None:
        if self._register.outcome(record.run_id) is None:
            workflow_id = analysis_id(record)
            if workflow_id not in active and self._is_open(workflow_id):
                self.analyze(record)
            return
        for name in self._undelivered(record):
            workflow_id = delivery_id(record.run_id, name)
            if workflow_id not in active and self._is_open(workflow_id):
                self.deliver(record.run_id, name)
        if self._is_finished(record):
            with self._lock:
                self._unfinished.discard(record.run_id)

    def _is_finished(self, record: RunRecord) -> bool:
        return self._register.outcome(record.run_id) is not None and not self._undelivered(record)

    def _undelivered(self, record: RunRecord) -> list[str]:
        """Return the destinations for which something is left to do, of a run that was written."""
        outcome = self._register.outcome(record.run_id)
        if outcome is None or outcome.state is not State.WRITTEN:
            return []
        return [
            name
            for name in record.destinations
            if not is_settled(self._register, record.run_id, name)
        ]

    def _is_open(self, workflow_id: str) -> bool:
        """Tell whether nobody works on something; what the database thinks done is forgotten."""
        rows = self.engine.family(workflow_id)
        if any(row.status in ACTIVE for row in rows):
            return False
        self.engine.forget(row.workflow_id for row in rows)
        return True

    def _define_analysis(self) -> Callable[[str], str]:
        @DBOS.step(name="begin")
        def begin(run_id: str) -> str:
            """Fix the analysis time: a repeated run says the same as the first."""
            return self._register.run(run_id).analysis_time

        @DBOS.step(name="infer")
        def infer(run_id: str, analysis_time: str) -> str:
            with self.step_times.measure("infer"), self._busy.alone(run_id) as is_alone:
                return self._infer(run_id, analysis_time) if is_alone else _AGAIN

        # How often a run may crash the service is counted on disk (`attempts`): the engine
        # would count every restart.
        @DBOS.workflow(name="analyze", max_recovery_attempts=None, serialization_type=_PORTABLE)
        def analyze(run_id: str) -> str:
            with self._busy.alone(str(DBOS.workflow_id)):
                analysis_time = begin(run_id)
                number = 0
                # An exception would end the workflow for good; disks are mended.
                while (state := infer(run_id, analysis_time)) == _AGAIN:
                    DBOS.sleep(pause_s(number))
                    number += 1
                if state == State.WRITTEN:
                    for destination in self._register.run(run_id).destinations:
                        self.deliver(run_id, destination)
                return state

        workflow: Callable[[str], str] = analyze
        return workflow

    def _define_delivery(self) -> Callable[[str, str, int], str]:
        @DBOS.step(name="send")
        def send(run_id: str, destination: str) -> str:
            name = f"{run_id}/{destination}"
            with self.step_times.measure("send"), self._busy.alone(name) as is_alone:
                return self._delivery.deliver(run_id, destination) if is_alone else BUSY

        # Restarts are counted as recoveries: a destination may be away for any number of them.
        @DBOS.workflow(name="deliver", max_recovery_attempts=None, serialization_type=_PORTABLE)
        def deliver(run_id: str, destination: str, number: int) -> str:
            with self._busy.alone(str(DBOS.workflow_id)):
                code = send(run_id, destination)
                if code not in (DELIVERED, WITHDRAWN, BUSY):
                    # Durable, and without end: a step's own retries would end in an error.
                    self.deliver(run_id, destination, number + 1)
                return code

        workflow: Callable[[str, str, int], str] = deliver
        return workflow

    def _infer(self, run_id: str, analysis_time: str) -> str:
        try:
            return self._execution.execute(run_id, analysis_time).value
        except OSError as error:
            _LOG.error("run %s interrupted: %s", run_id, error.strerror)
        except Exception as error:  # noqa: BLE001 - counted once begun, see `attempts`
            _LOG.error("run %s interrupted: %s", run_id, type(error).__name__)
        return _AGAIN
