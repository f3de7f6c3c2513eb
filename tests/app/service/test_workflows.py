import errno
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from app.service.inference import Inference
from app.service.records import Receipt, RunOutcome, RunRecord, State
from app.service.register import Register
from app.service.worker import Job, Limits
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
