import errno
import os
import threading
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from app.service.jobs import Job
from app.service.records import RunOutcome, RunRecord, State
from app.service.register import Register
from app.service.worker import resident_bytes
from app.service.workflows import Workflows
from spine.errors import Code
from tests.app.service.served import until
from tests.app.service.workflows.conftest import TIME, InProcess, Post, write_records

pytestmark = pytest.mark.slow


def test_run_is_analyzed_once_and_delivered_to_each_destination(
    start: Callable[[], Workflows],
    record: RunRecord,
    register: Register,
    inference: InProcess,
    post: Post,
) -> None:
    workflows = start()
    workflows.analyze(record)
    workflows.analyze(record)
    until(lambda: len(post.attempts) == 2)
    assert {name for _, name in post.attempts} == {"pacs", "archive"}
    assert [job.analysis_time for job in inference.jobs] == [TIME]
    assert register.outcome("1.2.3.1") == RunOutcome(State.WRITTEN, None, ("summary.dcm",))
    assert (register.run_folder("1.2.3.1") / "dicom" / "summary.dcm").is_file()


def test_run_goes_on_when_the_disk_is_well_again(
    start: Callable[[], Workflows],
    record: RunRecord,
    register: Register,
    inference: InProcess,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    full = iter([OSError(errno.ENOSPC, "No space left on device")] * 2)
    run = inference.run

    def fail_twice(job: Job) -> RunOutcome:
        for failure in full:
            raise failure
        return run(job)

    monkeypatch.setattr(inference, "run", fail_twice)
    monkeypatch.setattr("app.service.workflows.pause_s", lambda _attempt: 0.05)
    start().analyze(record)
    until(lambda: register.outcome("1.2.3.1") is not None)
    assert register.outcome("1.2.3.1") == RunOutcome(State.WRITTEN, None, ("summary.dcm",))


def test_urgent_run_goes_first_and_the_others_in_their_order(
    start: Callable[[], Workflows],
    register: Register,
    keep: Callable[..., None],
    inference: InProcess,
) -> None:
    records = write_records(register, keep, 5)
    register.write_run(replace(records[4], is_urgent=True))
    start()
    until(lambda: len(inference.jobs) == 5)
    order = [job.run_id for job in inference.jobs]
    assert order == ["1.3.4.1", "1.3.0.1", "1.3.1.1", "1.3.2.1", "1.3.3.1"]


def test_waiting_run_is_hastened(
    start: Callable[[], Workflows],
    register: Register,
    keep: Callable[..., None],
    inference: InProcess,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_records(register, keep, 4)
    run, may_go_on = inference.run, threading.Event()

    def wait(job: Job) -> RunOutcome:
        may_go_on.wait(30)
        return run(job)

    monkeypatch.setattr(inference, "run", wait)
    workflows = start()
    until((register.staging / "1.3.0.1").is_dir)
    workflows.hasten("1.3.3.1")
    may_go_on.set()
    until(lambda: len(inference.jobs) == 4)
    order = [job.run_id for job in inference.jobs]
    assert order == ["1.3.0.1", "1.3.3.1", "1.3.1.1", "1.3.2.1"]
    assert register.run("1.3.3.1").is_urgent


@pytest.mark.parametrize("state", [State.FAILED, State.QUARANTINED])
def test_run_that_failed_is_analyzed_again_on_demand(
    start: Callable[[], Workflows],
    record: RunRecord,
    register: Register,
    inference: InProcess,
    post: Post,
    monkeypatch: pytest.MonkeyPatch,
    state: State,
) -> None:
    failed = RunOutcome(state, Code.WORKER_TIMEOUT.value)
    with monkeypatch.context() as broken:
        broken.setattr(inference, "run", lambda _job: failed)
        workflows = start()
        until(lambda: register.outcome("1.2.3.1") == failed)
        until(lambda: bool(workflows.engine.rows(["SUCCESS"])))
    workflows.retry("1.2.3.1")
    until(lambda: len(post.attempts) == 2)
    assert register.outcome("1.2.3.1") == RunOutcome(State.WRITTEN, None, ("summary.dcm",))


def test_run_that_was_written_is_not_analyzed_again(
    start: Callable[[], Workflows], record: RunRecord, inference: InProcess, post: Post
) -> None:
    workflows = start()
    until(lambda: len(post.attempts) == 2)
    workflows.retry("1.2.3.1")
    workflows.reconcile()
    time.sleep(1)
    assert len(inference.jobs) == 1


def test_backlog_of_a_thousand_is_ordered_and_takes_no_memory(
    start: Callable[[], Workflows],
    register: Register,
    keep: Callable[..., None],
    inference: InProcess,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("app.service.durable.os.fsync", lambda _descriptor: None)
    records = write_records(register, keep, 1000)
    for record in records[-5:]:
        register.write_run(replace(record, is_urgent=True))
    before = resident_bytes(os.getpid())
    workflows = start()
    waiting = workflows.engine.rows(["ENQUEUED", "PENDING"])
    until(lambda: len(inference.jobs) >= 12, 60)
    assert len(waiting) > 900
    order = [job.run_id for job in inference.jobs][:12]
    assert order == [record.run_id for record in (*records[-5:], *records[:7])]
    assert resident_bytes(os.getpid()) - before < 64 << 20
