"""What the engine's database says of the work that is not done; read only, and never needed.

Everything that matters stands on disk. The database adds queues and the time each step
took; without it those are unknown, and nothing else.
"""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

DATABASE = "workflows.sqlite"
BUCKETS_S = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0)

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
class StepTimes:
    """How long the finished executions of a step took.

    Attributes
    ----------
    counts : executions of at most each of `BUCKETS_S`, then all
    """

    counts: tuple[int, ...]
    total_s: float


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


def read_step_times(root: Path) -> dict[str, StepTimes]:
    """Return the times of every step by name; nothing where the database cannot be read."""
    took = "(completed_at_epoch_ms - started_at_epoch_ms) / 1000.0"
    sums = ", ".join(f"SUM({took} <= {bound})" for bound in BUCKETS_S)
    query = f"""
        SELECT function_name, {sums}, COUNT(*), SUM({took}) FROM operation_outputs
        WHERE completed_at_epoch_ms IS NOT NULL AND started_at_epoch_ms IS NOT NULL
          AND function_name NOT LIKE 'DBOS.%'
        GROUP BY function_name
    """  # noqa: S608 - made of constants
    try:
        with _opened(root) as database:
            found = list(database.execute(query))
    except sqlite3.Error:
        return {}
    return {name: StepTimes(tuple(rest[:-1]), float(rest[-1])) for name, *rest in found}


@contextmanager
def _opened(root: Path) -> Iterator[sqlite3.Connection]:
    address = f"{(root / DATABASE).resolve().as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True, timeout=_WAIT_S)) as database:
        yield database
