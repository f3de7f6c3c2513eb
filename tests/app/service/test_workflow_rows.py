import sqlite3
from pathlib import Path

import pytest

from app.service.workflow_rows import DATABASE, WorkflowRow, read_rows


@pytest.fixture
def root(tmp_path: Path) -> Path:
    with sqlite3.connect(tmp_path / DATABASE) as database:
        database.executescript(
            """
            CREATE TABLE workflow_status
                (workflow_uuid TEXT, status TEXT, queue_name TEXT, recovery_attempts INT);
            INSERT INTO workflow_status VALUES
                ('analyze/1.2/1', 'SUCCESS', 'inference', 1),
                ('analyze/1.3/1', 'PENDING', 'inference', 2),
                ('analyze/1.4/1', 'ENQUEUED', 'inference', 0),
                ('analyze/1.5/1', 'MAX_RECOVERY_ATTEMPTS_EXCEEDED', 'inference', 6),
                ('deliver/1.2.1/pacs', 'PENDING', 'deliver-pacs', 1);
            """
        )
    return tmp_path


def test_unfinished_workflows_are_told_with_their_queues(root: Path) -> None:
    found = read_rows(root)
    assert found.is_readable
    assert set(found.rows) == {
        "analyze/1.3/1",
        "analyze/1.4/1",
        "analyze/1.5/1",
        "deliver/1.2.1/pacs",
    }
    assert found.rows["deliver/1.2.1/pacs"] == WorkflowRow("PENDING", "deliver-pacs")
    assert not found.rows["analyze/1.5/1"].is_active


def test_queue_lengths_leave_out_what_was_given_up(root: Path) -> None:
    assert read_rows(root).queue_lengths() == {"inference": 2, "deliver-pacs": 1}


def test_missing_or_broken_database_is_told_and_nothing_else(tmp_path: Path) -> None:
    assert not read_rows(tmp_path).is_readable
    (tmp_path / DATABASE).write_bytes(b"no database" * 1000)
    assert not read_rows(tmp_path).is_readable
