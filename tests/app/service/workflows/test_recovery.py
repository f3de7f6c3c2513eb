import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from app.service.inference import Inference
from app.service.jobs import Job, Limits
from app.service.recalls import COMMAND, recall
from app.service.records import Receipt, RunOutcome, RunRecord, State
from app.service.register import Register
from app.service.workflows import Workflows
from spine.dicom.rejection import RejectionTitle
from tests.app.service import standin
from tests.app.service.served import until
from tests.app.service.workflows.conftest import TIME, InProcess, Post

pytestmark = pytest.mark.slow


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


def test_destination_that_left_the_settings_with_the_database_is_still_tried(
    start: Callable[..., Workflows], record: RunRecord, register: Register, post: Post
) -> None:
    register.open_work(record)
    register.close_work(record.run_id, RunOutcome(State.WRITTEN, None, ("summary.dcm",)))
    start(["pacs"])
    # By a delivery that knows no way there and gives the alarm.
    until(lambda: len(post.attempts) == 2)
    assert sorted(post.attempts) == [(record.run_id, "archive"), (record.run_id, "pacs")]


def test_later_recall_reaches_a_destination_that_left_the_settings(
    start: Callable[..., Workflows], record: RunRecord, register: Register, post: Post
) -> None:
    register.open_work(record)
    register.close_work(record.run_id, RunOutcome(State.WRITTEN, None, ("summary.dcm",)))
    for name in record.destinations:
        register.write_receipt(record.run_id, name, Receipt({"summary.dcm": 0}, is_complete=True))
    workflows = start(["pacs"])
    recall(register, record.run_id, RejectionTitle.QUALITY, COMMAND)
    workflows.retry(record.run_id)
    until(lambda: len(post.attempts) == 2)
    assert sorted(post.attempts) == [(record.run_id, "archive"), (record.run_id, "pacs")]


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
