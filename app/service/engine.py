"""The workflow engine's database: opened so that it survives, and the few rows we change.

Nothing in it is needed: the disk is the register, and every workflow of ours may be deleted
and queued anew. That is what makes an upgrade and a lost database safe.
"""

import logging
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy
from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer
from sqlalchemy.engine.interfaces import DBAPIConnection

_LOG = logging.getLogger(__name__)

# A row of another version is not continued under this code but queued anew from disk.
# Raised whenever the steps of a workflow change.
APPLICATION_VERSION = "2"

ACTIVE = ("PENDING", "ENQUEUED", "DELAYED")
_ENDED = ("SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")
_POLLING_INTERVAL_S = 0.2
_DELAY_TOLERANCE_S = 1.0
_BUSY_TIMEOUT_MS = 30_000
_CONNECTIONS = 20
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Row:
    """A workflow as the database knows it."""

    workflow_id: str
    status: str
    queue: str | None
    version: str | None


class Engine:
    """Starts and stops the engine on one SQLite file."""

    def __init__(self, path: Path, executor: str) -> None:
        self._path = path
        self._executor = executor
        self.database: sqlalchemy.Engine | None = None
        self._queues: set[str] = set()

    def configure(self) -> None:
        """Open the database; workflows are defined after this and before `launch`."""
        _set_aside_damaged(self._path)
        self.database = open_database(self._path)
        DBOS(
            config=DBOSConfig(
                name="spinemap",
                system_database_url=f"sqlite:///{self._path.resolve()}",
                system_database_engine=self.database,
                executor_id=self._executor,
                application_version=APPLICATION_VERSION,
                serializer=DBOSPortableJSONSerializer(),
                notification_listener_polling_interval_sec=_POLLING_INTERVAL_S,
                log_level="WARNING",
            )
        )

    def launch(self) -> None:
        """Start working; rows of another version are forgotten, to be queued anew from disk."""
        DBOS.launch()
        foreign = [row for row in self.rows(ACTIVE) if row.version != APPLICATION_VERSION]
        if foreign:
            _LOG.warning("%d workflows of another version are queued anew", len(foreign))
            self.forget(row.workflow_id for row in foreign)

    def stop(self) -> None:
        """Let nothing more start; running workflows stay as they are for the next start."""
        DBOS.destroy(destroy_registry=True)
        if self.database is not None:
            self.database.dispose()

    def add_queue(self, name: str, at_once: int) -> None:
        """Make a queue that runs so many workflows at once; one that is there stays as it is."""
        if name not in self._queues:
            DBOS.register_queue(
                name, worker_concurrency=at_once, polling_interval_sec=_POLLING_INTERVAL_S
            )
            self._queues.add(name)

    def rows(self, statuses: Iterable[str], prefix: str | None = None) -> list[Row]:
        """Return workflows by status, and by the beginning of their id."""
        found = DBOS.list_workflows(
            status=list(statuses),
            workflow_id_prefix=prefix,
            load_input=False,
            load_output=False,
        )
        return [
            Row(item.workflow_id, item.status, item.queue_name, item.app_version) for item in found
        ]

    def family(self, workflow_id: str) -> list[Row]:
        """Return a workflow and those that continue it, ``<id>/<n>``."""
        return [
            row
            for row in self.rows((*ACTIVE, *_ENDED), workflow_id)
            if row.workflow_id == workflow_id or row.workflow_id.startswith(f"{workflow_id}/")
        ]

    def forget(self, workflow_ids: Iterable[str]) -> None:
        """Delete workflows that do not run."""
        for batch in _batches(list(workflow_ids)):
            DBOS.delete_workflows(batch)

    def forget_ended(self, before: str) -> int:
        """Delete workflows that ended before a time (ISO 8601), or the database would only grow."""
        ended = DBOS.list_workflows(
            status=list(_ENDED),
            completed_before=before,
            limit=_BATCH,
            load_input=False,
            load_output=False,
        )
        self.forget(item.workflow_id for item in ended)
        return len(ended)

    def resume(self, row: Row) -> None:
        """Queue a workflow again that counts as running though nobody runs it."""
        # Without the queue's name it would run at once, beside the one that has the device.
        DBOS.resume_workflow(row.workflow_id, queue_name=row.queue)

    def limit_delays(self, longest_s: Callable[[str], float]) -> None:
        """Let no workflow wait longer than it ever may: a clock that was set back would make it.

        Parameters
        ----------
        longest_s : by workflow id
        """
        delayed = DBOS.list_workflows(status="DELAYED", load_input=False, load_output=False)
        for item in delayed:
            limit_s = longest_s(item.workflow_id)
            due_s = (item.delay_until_epoch_ms or 0) / 1000
            if due_s > time.time() + limit_s + _DELAY_TOLERANCE_S:
                _LOG.warning("workflow %s waits too long and is due earlier", item.workflow_id)
                DBOS.set_workflow_delay(item.workflow_id, delay_seconds=limit_s)

    def set_priority(self, workflow_id: str, priority: int) -> None:
        """Move a waiting workflow within its queue, for which the engine has no function."""
        if self.database is None:
            raise RuntimeError("the engine has not been started")
        statement = sqlalchemy.text(
            "UPDATE workflow_status SET priority = :priority "
            "WHERE workflow_uuid = :workflow_id AND status IN ('ENQUEUED', 'DELAYED')"
        )
        with self.database.begin() as connection:
            connection.execute(statement, {"priority": priority, "workflow_id": workflow_id})


def open_database(path: Path) -> sqlalchemy.Engine:
    """Return an engine whose every connection keeps what it has committed."""
    engine = sqlalchemy.create_engine(
        f"sqlite:///{path.resolve()}", pool_size=_CONNECTIONS, max_overflow=_CONNECTIONS
    )
    sqlalchemy.event.listen(engine, "connect", _prepare_connection)
    return engine


def _prepare_connection(connection: DBAPIConnection, _record: object) -> None:
    # As the engine sets its own connections, which writers would else deadlock.
    connection.isolation_level = "IMMEDIATE"
    for pragma in (
        f"busy_timeout={_BUSY_TIMEOUT_MS}",
        "foreign_keys=ON",
        # Readers never block the writer; each commit is on disk before it returns.
        "journal_mode=WAL",
        "synchronous=FULL",
    ):
        connection.cursor().execute(f"PRAGMA {pragma}")


def _set_aside_damaged(path: Path) -> None:
    """Move a file that is no database any more out of the way; the disk knows what to do."""
    if not path.exists() or _is_sound(path):
        return
    _LOG.error("%s is damaged: it is set aside and built anew from disk", path.name)
    for suffix in ("", "-wal", "-shm"):
        file = path.with_name(path.name + suffix)
        if file.exists():
            file.rename(path.with_name(f"{path.name}.damaged{suffix}"))


def _is_sound(path: Path) -> bool:
    try:
        with closing(sqlite3.connect(path)) as connection:
            return bool(connection.execute("PRAGMA quick_check(1)").fetchone()[0] == "ok")
    except sqlite3.OperationalError:
        # Not readable now, which says nothing about what is in it.
        return True
    except sqlite3.DatabaseError:
        return False


def _batches(items: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(items), _BATCH):
        yield items[start : start + _BATCH]
