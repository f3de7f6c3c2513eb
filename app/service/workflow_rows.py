"""What the engine's database says of the work that is not done; read only, and never needed.

Everything that matters stands on disk. The database adds queues; without it those are
unknown, and nothing else.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

DATABASE = "workflows.sqlite"

_WAIT_S = 5.0
_UNFINISHED = """
    SELECT workflow_uuid, status, queue_name FROM workflow_status WHERE status <> 'SUCCESS'
"""
_ACTIVE = ("PENDING", "ENQUEUED", "DELAYED")


@dataclass(frozen=True, slots=True)
class WorkflowRow:
    """A workflow that has not succeeded.

    Attributes
    ----------
    status : the engine's word: PENDING runs, ENQUEUED waits for its turn and DELAYED for its
        time, anything else is over
    """

    status: str
    queue: str

    @property
    def is_active(self) -> bool:
        return self.status in _ACTIVE


@dataclass(frozen=True, slots=True)
class WorkflowRows:
    """Unfinished workflows by id; `is_readable` is false where there is no database."""

    rows: Mapping[str, WorkflowRow] = field(default_factory=dict)
    is_readable: bool = False

    def queue_lengths(self) -> dict[str, int]:
        """Return how many workflows wait or run, by queue."""
        lengths: dict[str, int] = {}
        for row in self.rows.values():
            if row.is_active:
                lengths[row.queue] = lengths.get(row.queue, 0) + 1
        return lengths


def read_rows(root: Path) -> WorkflowRows:
    """Read the unfinished workflows; none, and not readable, where the database cannot be read."""
    try:
        with _opened(root) as database:
            rows = {
                workflow: WorkflowRow(status, queue or "")
                for workflow, status, queue in database.execute(_UNFINISHED)
            }
    except sqlite3.Error:
        return WorkflowRows()
    return WorkflowRows(rows, is_readable=True)


@contextmanager
def _opened(root: Path) -> Iterator[sqlite3.Connection]:
    address = f"{(root / DATABASE).resolve().as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, timeout=_WAIT_S)) as database:
        yield database
