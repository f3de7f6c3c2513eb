import errno
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from app.service import attempts
from app.service.execution import CRASHES, Execution
from app.service.inference import Stopping
from app.service.jobs import Job
from app.service.records import RunOutcome, RunRecord, State
from app.service.register import Register
from spine.errors import Code

ROOT = Path(__file__).parents[3]
TIME = "2026-01-02T03:04:05+00:00"
WRITTEN = RunOutcome(State.WRITTEN, None, ("summary.dcm",))


class Answering:
    """An inference role that answers, or raises, what it is told to."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []
        self.answer: RunOutcome | BaseException = WRITTEN

    def run(self, job: Job) -> RunOutcome:
        self.jobs.append(job)
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


@pytest.fixture
def inference() -> Answering:
    return Answering()


@pytest.fixture
def execution(register: Register, inference: Answering) -> Execution:
    return Execution(register, inference)  # type: ignore[arg-type]


@pytest.fixture
def record(register: Register, keep: Callable[..., None]) -> RunRecord:
    keep(uid="1.2.3.4")
    record = RunRecord("1.2.3.1", TIME, "default", ("1.2.3.4",), ("pacs",))
    register.write_run(record)
    return record


def _add(register: Register, record: RunRecord, number: int, **changes: object) -> RunRecord:
    other = replace(record, run_id=f"1.2.3.{number}", **changes)  # type: ignore[arg-type]
    register.write_run(other)
    return other


def _end(register: Register, record: RunRecord, outcome: RunOutcome) -> None:
    register.open_work(record)
    register.close_work(record.run_id, outcome)


BEGIN_AND_DIE = """
import os, signal, sys
from pathlib import Path
from app.service.attempts import attempt
from app.service.register import Register

with attempt(Register(Path(sys.argv[1])), sys.argv[2]):
    os.kill(os.getpid(), signal.SIGKILL)
"""


def _begin_and_die(register: Register, run_id: str) -> None:
    command = [sys.executable, "-c", BEGIN_AND_DIE, str(register.root), run_id]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == -signal.SIGKILL


def test_run_that_ended_is_not_analyzed_again(
    execution: Execution, record: RunRecord, inference: Answering
) -> None:
    assert execution.execute(record.run_id, TIME) is State.WRITTEN
    assert execution.execute(record.run_id, TIME) is State.WRITTEN
    assert len(inference.jobs) == 1


@pytest.mark.parametrize("crash", [KeyError("bug"), RuntimeError("bug")])
def test_run_that_always_crashes_is_quarantined_with_the_reason(
    execution: Execution,
    record: RunRecord,
    inference: Answering,
    register: Register,
    crash: Exception,
) -> None:
    inference.answer = crash
    for _ in range(CRASHES):
        with pytest.raises(type(crash)):
            execution.execute(record.run_id, TIME)
    assert execution.execute(record.run_id, TIME) is State.QUARANTINED
    assert len(inference.jobs) == CRASHES
    outcome = register.outcome(record.run_id)
    assert outcome == RunOutcome.quarantined(Code.SERVICE_CRASHED)


@pytest.mark.parametrize(
    "place",
    [
        "app.service.register.Register.open_work",
        "app.service.earlier_reports.EarlierReports.lay_out",
        "app.service.execution.Execution._previous",
        "app.service.register.Register.close_work",
    ],
)
def test_bug_on_the_way_to_or_from_the_analysis_is_quarantined_too(
    execution: Execution, record: RunRecord, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    def fail(*_arguments: object) -> None:
        raise ValueError("bug")

    with monkeypatch.context() as patch:
        patch.setattr(place, fail)
        for _ in range(CRASHES):
            with pytest.raises(ValueError, match="bug"):
                execution.execute(record.run_id, TIME)
    assert execution.execute(record.run_id, TIME) is State.QUARANTINED


def test_analysis_that_ended_leaves_no_attempt_behind(
    execution: Execution, record: RunRecord, register: Register
) -> None:
    execution.execute(record.run_id, TIME)
    assert attempts.crashes(register, record.run_id) == 0


def test_killed_process_counts_as_a_crash(
    execution: Execution, record: RunRecord, register: Register
) -> None:
    for _ in range(CRASHES):
        _begin_and_die(register, record.run_id)
    assert execution.execute(record.run_id, TIME) is State.QUARANTINED


@pytest.mark.parametrize("interruption", [Stopping(), OSError(errno.ENOSPC, "No space left")])
def test_stop_and_full_disk_are_no_crash(
    execution: Execution,
    record: RunRecord,
    inference: Answering,
    register: Register,
    interruption: BaseException,
) -> None:
    inference.answer = interruption
    for _ in range(2 * CRASHES):
        with pytest.raises(type(interruption)):
            execution.execute(record.run_id, TIME)
    assert attempts.crashes(register, record.run_id) == 0
    inference.answer = WRITTEN
    assert execution.execute(record.run_id, TIME) is State.WRITTEN


def test_disk_that_was_full_for_the_worker_fails_no_run(
    execution: Execution, record: RunRecord, inference: Answering, register: Register
) -> None:
    inference.answer = RunOutcome.failed(Code.DISK_LOW)
    with pytest.raises(OSError, match="No space left"):
        execution.execute(record.run_id, TIME)
    assert register.outcome(record.run_id) is None
    assert attempts.crashes(register, record.run_id) == 0


def test_forgotten_attempts_let_a_quarantined_run_be_tried_again(
    execution: Execution, record: RunRecord, register: Register
) -> None:
    for _ in range(CRASHES):
        _begin_and_die(register, record.run_id)
    execution.execute(record.run_id, TIME)
    attempts.forget(register, record.run_id)
    register.forget_outcome(record.run_id)
    assert execution.execute(record.run_id, TIME) is State.WRITTEN


def test_later_run_takes_the_place_of_one_that_has_not_begun(
    execution: Execution, record: RunRecord, register: Register, inference: Answering
) -> None:
    _add(register, record, 2)
    assert execution.execute("1.2.3.1", TIME) is State.NOTHING_TO_SEND
    outcome = register.outcome("1.2.3.1")
    assert outcome == RunOutcome(State.NOTHING_TO_SEND, Code.SUPERSEDED.value)
    assert inference.jobs == []
    assert execution.execute("1.2.3.2", TIME) is State.WRITTEN
    assert [job.previous for job in inference.jobs] == [None]


def test_later_run_that_failed_takes_nobodys_place(
    execution: Execution, record: RunRecord, register: Register
) -> None:
    _end(register, _add(register, record, 2), RunOutcome.quarantined(Code.WORKER_DIED))
    assert execution.execute("1.2.3.1", TIME) is State.WRITTEN


def test_run_of_another_profile_neither_supersedes_nor_is_replaced(
    execution: Execution, record: RunRecord, register: Register, inference: Answering
) -> None:
    _add(register, record, 2, profile="trial")
    assert execution.execute("1.2.3.1", TIME) is State.WRITTEN
    assert execution.execute("1.2.3.2", TIME) is State.WRITTEN
    assert [job.previous for job in inference.jobs] == [None, None]
    assert [job.profile for job in inference.jobs] == ["default", "trial"]


@pytest.mark.parametrize(
    "between",
    [
        RunOutcome(State.NOTHING_TO_SEND, Code.NOTHING_NEW.value),
        RunOutcome.failed(Code.INTERNAL),
        RunOutcome.quarantined(Code.WORKER_TIMEOUT),
    ],
)
def test_run_replaces_the_latest_result_that_was_written(
    execution: Execution,
    record: RunRecord,
    register: Register,
    inference: Answering,
    between: RunOutcome,
) -> None:
    _end(register, record, WRITTEN)
    _end(register, _add(register, record, 2), between)
    _add(register, record, 3)
    execution.execute("1.2.3.3", TIME)
    assert [job.previous for job in inference.jobs] == [str(register.run_folder("1.2.3.1"))]


def test_run_whose_input_was_taken_away_fails_and_holds_nobody_up(
    execution: Execution, record: RunRecord, register: Register, inference: Answering
) -> None:
    register.instance_path("1.2.3", "1.2.3.4").unlink()
    assert execution.execute(record.run_id, TIME) is State.FAILED
    assert register.outcome(record.run_id) == RunOutcome.failed(Code.INPUT_MISSING)
    assert inference.jobs == []
