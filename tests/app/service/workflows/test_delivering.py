import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

import pytest

from app.service.records import RunOutcome, RunRecord
from app.service.register import Register
from app.service.workflows import Workflows
from spine.errors import Code
from tests.app.service.served import until
from tests.app.service.workflows.conftest import TIME, InProcess, Post, write_records

pytestmark = pytest.mark.slow


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


def test_deliveries_that_wait_hold_nobody_up(
    start: Callable[[], Workflows],
    register: Register,
    keep: Callable[..., None],
    post: Post,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("app.service.workflows.pause_s", lambda _attempt: 600.0)
    post.failures = 8
    for record in write_records(register, keep, 9):
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
