import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy
from dbos import DBOS, SetEnqueueOptions, SetWorkflowID, WorkflowSerializationFormat
from dbos._dbos import _get_dbos_instance

from app.service import engine as engine_module
from app.service.engine import ACTIVE, Engine, open_database
from tests.app.service.served import until


class Started:
    """An engine with one workflow, which notes what it was given."""

    def __init__(self, path: Path) -> None:
        self.done: list[str] = []
        self.engine = Engine(path, "test")
        self.engine.configure()

        @DBOS.workflow(name="note", serialization_type=WorkflowSerializationFormat.PORTABLE)
        def note(name: str) -> None:
            self.done.append(name)

        self._note = note
        self.engine.launch()

    def enqueue(self, name: str, priority: int = 5, delay_s: float | None = None) -> None:
        options = SetEnqueueOptions(priority=priority, delay_seconds=delay_s)
        with SetWorkflowID(f"note/{name}"), options:
            DBOS.enqueue_workflow("notes", self._note, name)


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Started]:
    started = Started(tmp_path / "workflows.sqlite")
    yield started
    started.engine.stop()


def _pragma(connection: sqlalchemy.Connection, name: str) -> object:
    return connection.execute(sqlalchemy.text(f"PRAGMA {name}")).scalar()


def test_every_connection_of_the_engine_syncs_each_commit(started: Started) -> None:
    used = _get_dbos_instance()._sys_db.engine
    with used.connect() as first, used.connect() as second:
        for connection in (first, second):
            # 2 is FULL: the log is on disk before a commit returns.
            assert _pragma(connection, "synchronous") == 2
            assert _pragma(connection, "journal_mode") == "wal"
            assert _pragma(connection, "foreign_keys") == 1
            assert _pragma(connection, "busy_timeout") == 30_000


def test_durability_does_not_rest_on_what_sqlite_was_built_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connect = sqlite3.connect

    def careless(*arguments: object, **options: object) -> sqlite3.Connection:
        connection = connect(*arguments, **options)  # type: ignore[call-overload]
        connection.execute("PRAGMA synchronous=OFF")
        return connection  # type: ignore[no-any-return]

    monkeypatch.setattr(sqlite3.dbapi2, "connect", careless)
    database = open_database(tmp_path / "a.sqlite")
    with database.connect() as connection:
        assert _pragma(connection, "synchronous") == 2
    database.dispose()


@pytest.mark.slow
def test_lower_priority_goes_first_and_may_be_given_while_waiting(started: Started) -> None:
    for name in ("first", "second", "third"):
        started.enqueue(name)
    started.enqueue("urgent", priority=1)
    started.engine.set_priority("note/third", 2)
    started.engine.add_queue("notes", 1)
    until(lambda: len(started.done) == 4)
    assert started.done == ["urgent", "third", "first", "second"]


@pytest.mark.slow
def test_family_is_a_workflow_and_what_continues_it(started: Started) -> None:
    for name in ("1", "1/2", "10", "2"):
        started.enqueue(name)
    assert {row.workflow_id for row in started.engine.family("note/1")} == {"note/1", "note/1/2"}
    started.engine.forget(["note/1/2", "note/10"])
    assert {row.workflow_id for row in started.engine.rows(ACTIVE)} == {"note/1", "note/2"}


@pytest.mark.slow
def test_ended_workflows_are_forgotten_and_waiting_ones_kept(started: Started) -> None:
    started.engine.add_queue("notes", 1)
    started.enqueue("ended")
    until(lambda: bool(started.engine.rows(["SUCCESS"])))
    started.enqueue("waits", delay_s=60)
    assert started.engine.forget_ended("2020-01-01T00:00:00+00:00") == 0
    time.sleep(1)
    assert started.engine.forget_ended("2999-01-01T00:00:00+00:00") == 1
    assert [row.workflow_id for row in started.engine.rows(ACTIVE)] == ["note/waits"]


@pytest.mark.slow
def test_rows_of_another_version_are_forgotten_at_the_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "workflows.sqlite"
    monkeypatch.setattr(engine_module, "APPLICATION_VERSION", "0")
    old = Started(path)
    old.enqueue("old")
    old.engine.stop()
    monkeypatch.undo()
    new = Started(path)
    assert new.engine.rows(ACTIVE) == []
    new.engine.stop()


@pytest.mark.slow
@pytest.mark.parametrize("content", [b"no database at all" * 100, b"SQLite format 3\0" + bytes(80)])
def test_damaged_database_is_set_aside(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "workflows.sqlite"
    path.write_bytes(content)
    started = Started(path)
    started.enqueue("after")
    assert len(started.engine.rows(ACTIVE)) == 1
    assert (tmp_path / "workflows.sqlite.damaged").read_bytes()[: len(content)] == content
    started.engine.stop()
