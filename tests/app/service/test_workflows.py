import errno
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from app.service.inference import Inference
from app.service.records import Receipt, RunOutcome, RunRecord, State
from app.service.register import Register
from app.service.worker import Job, Limits, resident_bytes
from app.service.workflows import Workflows
from spine.errors import Code
from tests.app.service import standin
from tests.app.service.served import until

pytestmark = pytest.mark.slow

TIME = "2026-01-02T03:04:05+00:00"


class InProcess:
    """Runs the stand-in analysis without a worker."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []

    def run(self, job: Job) -> RunOutcome:
        self.jobs.append(job)
        return standin.analyze(job)


class Post:
    """A delivery that fails as often as told."""

    def __init__(self) -> None:
        self.attempts: list[tuple[str, str]] = []
        self.failures = 0

    def deliver(self, run_id: str, name: str) -> str:
        self.attempts.append((run_id, name))
        return "UNREACHABLE" if len(self.attempts) <= self.failures else "DELIVERED"


@pytest.fixture
def inference() -> InProcess:
    return InProcess()


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def start(
    register: Register, inference: InProcess, post: Post
) -> Iterator[Callable[[], Workflows]]:
    started: list[Workflows] = []

    def start() -> Workflows:
        workflows = Workflows(register, inference, post)  # type: ignore[arg-type]
        workflows.start(["pacs", "archive"])
        started.append(workflows)
        return workflows

    yield start
    for workflows in started:
        workflows.stop()


@pytest.fixture
def record(register: Register, keep: Callable[..., None]) -> RunRecord:
    keep(uid="1.2.3.4")
    record = RunRecord("1.2.3.1", TIME, "default", ("1.2.3.4",), ("pacs", "archive"))
    register.write_run(record)
    return record


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


@pytest.mark.parametrize("patient", ["KNEE", "P1"])
def test_only_written_results_are_delivered(
    start: Callable[[], Workflows],
    keep: Callable[..., None],
    register: Register,
    post: Post,
    patient: str,
) -> None:
    keep(uid="1.2.7.4", study="1.2.7", patient=patient)
    record = RunRecord("1.2.7.1", TIME, "default", ("1.2.7.4",), ("pacs",))
    register.write_run(record)
    start().analyze(record)
    until(lambda: register.outcome("1.2.7.1") is not None)
    time.sleep(0.5)
    assert len(post.attempts) == (0 if patient == "KNEE" else 1)


def test_failed_run_sends_nothing_and_says_why(
    start: Callable[[], Workflows],
    record: RunRecord,
    register: Register,
    inference: InProcess,
    post: Post,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    failed = RunOutcome.failed(Code.WORKER_TIMEOUT)
    monkeypatch.setattr(inference, "run", lambda _job: failed)
    start().analyze(record)
    until(lambda: register.outcome("1.2.3.1") is not None)
    time.sleep(0.4)
    assert register.outcome("1.2.3.1") == failed
    assert post.attempts == []


def test_delivery_goes_on_after_failures(
    start: Callable[[], Workflows],
    record: RunRecord,
    register: Register,
    post: Post,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("app.service.workflows.pause_s", lambda _attempt: 0.05)
    post.failures = 6
    # One destination: the start takes up the run and delivers it to every one it names.
    register.write_run(replace(record, destinations=("pacs",)))
    start()
    until(lambda: len(post.attempts) >= 7)
    time.sleep(0.5)
    assert post.attempts == [(record.run_id, "pacs")] * 7


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


def test_delivery_outlives_any_number_of_restarts(
    register: Register,
    record: RunRecord,
    inference: InProcess,
    post: Post,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("app.service.workflows.pause_s", lambda _attempt: 0.2)
    post.failures = 1000
    for _ in range(7):
        before = len(post.attempts)
        workflows = Workflows(register, inference, post)  # type: ignore[arg-type]
        workflows.start(["pacs"])
        try:
            workflows.deliver(record.run_id, "pacs")
            until(lambda before=before: len(post.attempts) > before)
        finally:
            workflows.stop()


def test_database_holds_ids_and_codes_as_json_and_no_pickle(
    start: Callable[[], Workflows], record: RunRecord, register: Register, post: Post
) -> None:
    workflows = start()
    workflows.analyze(record)
    until(lambda: len(post.attempts) == 2)
    time.sleep(0.3)
    with sqlite3.connect(register.root / "workflows.sqlite") as database:
        ids = database.execute("SELECT workflow_uuid FROM workflow_status").fetchall()
        journal = database.execute("PRAGMA journal_mode").fetchone()
        synchronous = database.execute("PRAGMA synchronous").fetchone()
        cells = list(_cells(database))
    assert {name for (name,) in ids} == {
        "analyze/1.2.3/1",
        "deliver/1.2.3.1/pacs",
        "deliver/1.2.3.1/archive",
    }
    assert '{"namedArgs":{},"positionalArgs":["1.2.3.1"]}' in cells
    # A pickle of protocol 2 or later begins with 0x80, which base64 writes as "gA".
    assert [cell for cell in cells if cell.startswith("gA")] == []
    assert "py_pickle" not in cells
    # WAL stays with the file; FULL (2) is what SQLite does unless told otherwise.
    assert (journal[0], synchronous[0]) == ("wal", 2)


def _cells(database: sqlite3.Connection) -> Iterator[str]:
    tables = database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    for (table,) in tables:
        for row in database.execute(f'SELECT * FROM "{table}"'):  # noqa: S608 - SQLite's own names
            yield from (cell for cell in row if isinstance(cell, str))


def test_lost_database_is_rebuilt_from_disk(
    start: Callable[[], Workflows],
    record: RunRecord,
    register: Register,
    inference: InProcess,
    post: Post,
) -> None:
    register.write_receipt("1.2.3.1", "pacs", Receipt({"summary.dcm": 0}, is_complete=True))
    _source, _output = register.open_work(record)
    register.close_work("1.2.3.1", RunOutcome(State.WRITTEN, None, ("summary.dcm",)))
    second = RunRecord("1.2.3.2", TIME, "default", ("1.2.3.4",), ("pacs",))
    register.write_run(second)
    start()
    until(lambda: register.outcome("1.2.3.2") is not None and len(post.attempts) == 2)
    assert sorted(post.attempts) == [("1.2.3.1", "archive"), ("1.2.3.2", "pacs")]
    assert [job.run_id for job in inference.jobs] == ["1.2.3.2"]


def test_run_interrupted_by_a_stop_is_taken_up_at_the_next_start(
    register: Register, keep: Callable[..., None], post: Post
) -> None:
    keep(uid="1.2.3.4", patient="SLOW")
    record = RunRecord("1.2.3.1", TIME, "default", ("1.2.3.4",), ("pacs",))
    register.write_run(record)

    def serve(work: Callable[[Workflows], None]) -> None:
        inference = Inference(standin.load, Limits(30))
        inference.start()
        workflows = Workflows(register, inference, post)  # type: ignore[arg-type]
        workflows.start(["pacs"])
        try:
            work(workflows)
        finally:
            workflows.stop()
            inference.stop()

    def begin(workflows: Workflows) -> None:
        workflows.analyze(record)
        until((register.staging / "1.2.3.1" / "out").is_dir)
        time.sleep(0.2)

    serve(begin)
    assert register.outcome("1.2.3.1") is None
    serve(lambda _workflows: until(lambda: post.attempts == [("1.2.3.1", "pacs")]))


def _records(register: Register, keep: Callable[..., None], count: int) -> list[RunRecord]:
    records = []
    for number in range(count):
        study = f"1.3.{number}"
        keep(uid=f"{study}.4", study=study)
        time_ = f"2026-01-02T03:{number // 60:02d}:{number % 60:02d}+00:00"
        records.append(RunRecord(f"{study}.1", time_, "default", (f"{study}.4",), ()))
        register.write_run(records[-1])
    return records


def test_urgent_run_goes_first_and_the_others_in_their_order(
    start: Callable[[], Workflows],
    register: Register,
    keep: Callable[..., None],
    inference: InProcess,
) -> None:
    records = _records(register, keep, 5)
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
    _records(register, keep, 4)
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


def test_delivery_that_waits_for_its_next_try_is_tried_at_once_on_demand(
    start: Callable[[], Workflows],
    record: RunRecord,
    register: Register,
    post: Post,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("app.service.workflows.pause_s", lambda _attempt: 600.0)
    register.write_run(replace(record, destinations=("pacs",)))
    post.failures = 1
    workflows = start()
    until(lambda: bool(workflows.engine.rows(["DELAYED"])))
    workflows.retry("1.2.3.1")
    until(lambda: len(post.attempts) == 2)


def test_run_that_was_written_is_not_analyzed_again(
    start: Callable[[], Workflows], record: RunRecord, inference: InProcess, post: Post
) -> None:
    workflows = start()
    until(lambda: len(post.attempts) == 2)
    workflows.retry("1.2.3.1")
    workflows.reconcile()
    time.sleep(1)
    assert len(inference.jobs) == 1


def test_deliveries_that_wait_hold_nobody_up(
    start: Callable[[], Workflows],
    register: Register,
    keep: Callable[..., None],
    post: Post,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("app.service.workflows.pause_s", lambda _attempt: 600.0)
    post.failures = 8
    for record in _records(register, keep, 9):
        register.write_run(replace(record, destinations=("pacs",)))
    start()
    # Twice as many refused as are sent at once, and the ninth still gets through.
    until(lambda: len(post.attempts) == 9, 40)
    assert len({run_id for run_id, _ in post.attempts}) == 9


def test_delivery_waits_no_longer_though_the_clock_was_set_back(
    start: Callable[[], Workflows], record: RunRecord, register: Register, post: Post
) -> None:
    post.failures = 2
    workflows = start()
    until(lambda: len(workflows.engine.rows(["DELAYED"])) == 2)
    path = register.root / "workflows.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute(
            "UPDATE workflow_status SET delay_until_epoch_ms = delay_until_epoch_ms + 3600000 "
            "WHERE status = 'DELAYED'"
        )
    workflows.limit_delays()
    until(lambda: len(post.attempts) == 4)
    assert len(workflows.engine.rows(["DELAYED"])) == 0


def test_workflow_that_nobody_runs_is_resumed(
    start: Callable[[], Workflows],
    record: RunRecord,
    register: Register,
    inference: InProcess,
    post: Post,
) -> None:
    workflows = start()
    until(lambda: len(post.attempts) == 2 and len(workflows.engine.rows(["SUCCESS"])) == 3)
    # As a checkpoint leaves it for which the disk had no room.
    path = register.root / "workflows.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("UPDATE workflow_status SET status = 'PENDING'")
    workflows.resume_abandoned()
    assert len(workflows.engine.rows(["PENDING"])) == 3
    workflows.resume_abandoned()
    until(lambda: len(workflows.engine.rows(["SUCCESS"])) == 3)
    assert len(inference.jobs) == 1
    assert len(post.attempts) == 2


def test_workflow_that_runs_is_not_resumed(
    start: Callable[[], Workflows],
    record: RunRecord,
    register: Register,
    inference: InProcess,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run, may_go_on, calls = inference.run, threading.Event(), []

    def wait(job: Job) -> RunOutcome:
        calls.append(job)
        may_go_on.wait(30)
        return run(job)

    monkeypatch.setattr(inference, "run", wait)
    workflows = start()
    until(lambda: len(calls) == 1)
    for _ in range(3):
        workflows.resume_abandoned()
    time.sleep(0.5)
    may_go_on.set()
    until(lambda: register.outcome(record.run_id) is not None)
    assert len(calls) == 1


def test_database_restored_from_yesterday_repeats_nothing(
    start: Callable[[], Workflows],
    record: RunRecord,
    register: Register,
    inference: InProcess,
    post: Post,
) -> None:
    path, yesterday = register.root / "workflows.sqlite", register.root / "yesterday.sqlite"
    workflows = start()
    until(lambda: len(post.attempts) == 2 and len(workflows.engine.rows(["SUCCESS"])) == 3)
    with closing(sqlite3.connect(path)) as now, closing(sqlite3.connect(yesterday)) as then:
        now.backup(then)
        # Yesterday the run had begun and nothing was sent.
        then.execute("DELETE FROM workflow_status WHERE name = 'deliver'")
        then.execute("UPDATE workflow_status SET status = 'PENDING', completed_at = NULL")
        then.execute("DELETE FROM operation_outputs")
        then.commit()
    workflows.stop()
    for name in record.destinations:
        register.write_receipt(record.run_id, name, Receipt({"summary.dcm": 0}, is_complete=True))
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    yesterday.replace(path)
    again = start()
    until(lambda: len(again.engine.rows(["SUCCESS"])) == 3, 30)
    assert len(inference.jobs) == 1
    # Asked again, and `Delivery` finds the receipt: see its own tests.
    assert set(post.attempts) == {(record.run_id, name) for name in record.destinations}


def test_run_that_the_database_believes_done_is_done_as_the_disk_says(
    start: Callable[[], Workflows],
    record: RunRecord,
    register: Register,
    inference: InProcess,
    post: Post,
) -> None:
    workflows = start()
    until(lambda: len(workflows.engine.rows(["SUCCESS"])) == 3)
    workflows.stop()
    register.forget_outcome(record.run_id)
    start()
    until(lambda: len(inference.jobs) == 2 and register.outcome(record.run_id) is not None)


def test_work_of_another_version_goes_on_under_this_one(
    start: Callable[[], Workflows],
    record: RunRecord,
    register: Register,
    post: Post,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as old:
        old.setattr("app.service.engine.APPLICATION_VERSION", "1")
        old.setattr("app.service.workflows.pause_s", lambda _attempt: 600.0)
        post.failures = 2
        workflows = start()
        until(lambda: len(workflows.engine.rows(["DELAYED"])) == 2)
        workflows.stop()
    start()
    until(lambda: len(post.attempts) == 4)
    assert sorted(post.attempts[2:]) == [(record.run_id, "archive"), (record.run_id, "pacs")]


def test_backlog_of_a_thousand_is_ordered_and_takes_no_memory(
    start: Callable[[], Workflows],
    register: Register,
    keep: Callable[..., None],
    inference: InProcess,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("app.service.durable.os.fsync", lambda _descriptor: None)
    records = _records(register, keep, 1000)
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
