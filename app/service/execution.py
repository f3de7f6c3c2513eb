"""One run from its record to its outcome: whether to analyze, on what, and how often to try."""

import errno
import logging
import os
import shutil
from dataclasses import dataclass

from app.service import attempts
from app.service.earlier_reports import EarlierReports
from app.service.inference import Inference
from app.service.jobs import Job
from app.service.records import RunOutcome, RunRecord, State
from app.service.register import Register
from app.service.rejected import rejected_instances
from spine.errors import Code

_LOG = logging.getLogger(__name__)

# As often the service itself may die in a run before that run is suspected.
CRASHES = 5


@dataclass(frozen=True, slots=True)
class Execution:
    """Executes runs."""

    register: Register
    inference: Inference

    def execute(self, run_id: str, analysis_time: str) -> State:
        """Analyze a run unless it has ended, and record how it ended.

        Raises
        ------
        OSError
            If the disk fails; the run has then neither ended nor counted as tried.
        Stopping
            If the service stops, likewise.
        """
        ended = self.register.outcome(run_id)
        if ended is None:
            ended = self._run(self.register.run(run_id), analysis_time)
        log = _LOG.error if ended.state.is_retryable else _LOG.info
        log("run %s %s %s", run_id, ended.state, ended.code or "")
        return ended.state

    def _run(self, record: RunRecord, analysis_time: str) -> RunOutcome:
        if self._is_superseded(record):
            outcome = RunOutcome(State.NOTHING_TO_SEND, Code.SUPERSEDED.value)
        elif self._was_rejected(record):
            outcome = RunOutcome(State.NOTHING_TO_SEND, Code.SOURCES_REJECTED.value)
        elif attempts.crashes(self.register, record.run_id) >= CRASHES:
            outcome = RunOutcome.quarantined(Code.SERVICE_CRASHED)
        else:
            # From beginning to end: a bug anywhere on the way would return with every try.
            with attempts.attempt(self.register, record.run_id):
                outcome = self._analyze(record, analysis_time)
                self.register.close_work(record.run_id, outcome)
            return outcome
        self.register.close_work(record.run_id, outcome)
        return outcome

    def _analyze(self, record: RunRecord, analysis_time: str) -> RunOutcome:
        try:
            source, output = self.register.open_work(record)
        except FileNotFoundError:
            # No disk to wait for: somebody took an instance away.
            return RunOutcome.failed(Code.INPUT_MISSING)
        priors = self._earlier.lay_out(record.study_instance_uid, source)
        job = Job(
            record.run_id,
            str(source),
            None if priors is None else str(priors),
            str(output),
            record.profile,
            analysis_time,
            self._previous(record),
        )
        outcome = self.inference.run(job)
        if outcome.code == Code.DISK_LOW:
            # The disk's failure and not the study's, though its outcome might find room.
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if outcome.state is State.WRITTEN:
            self._earlier.remember(record.run_id, output)
            if self._was_rejected(record):
                # Meanwhile: nobody has seen it yet, and nobody shall.
                shutil.rmtree(output)
                outcome = RunOutcome(State.NOTHING_TO_SEND, Code.SOURCES_REJECTED.value)
        return outcome

    @property
    def _earlier(self) -> EarlierReports:
        return EarlierReports(self.register)

    def _was_rejected(self, record: RunRecord) -> bool:
        """Tell whether some of what the run was given must not be used any more.

        Another run is opened on the rest, if there is one.
        """
        rejected = rejected_instances(self.register, record.study_instance_uid)
        return not rejected.isdisjoint(record.instances)

    def _is_superseded(self, record: RunRecord) -> bool:
        """Tell whether a later run, which has seen more, says or will say it instead."""
        for later in self._of_profile(record):
            if later.number > record.number:
                ended = self.register.outcome(later.run_id)
                if ended is None or not ended.state.is_retryable:
                    return True
        return False

    def _previous(self, record: RunRecord) -> str | None:
        """Return the folder of the result that this run would replace.

        It stands fixed: an earlier run that has not ended by now is superseded by this one.
        """
        for earlier in reversed(self._of_profile(record)):
            ended = self.register.outcome(earlier.run_id)
            is_earlier = earlier.number < record.number
            if is_earlier and ended is not None and ended.state is State.WRITTEN:
                return str(self.register.run_folder(earlier.run_id))
        return None

    def _of_profile(self, record: RunRecord) -> list[RunRecord]:
        runs = self.register.runs_of(record.study_instance_uid)
        return [run for run in runs if run.profile == record.profile]
