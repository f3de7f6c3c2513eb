"""A backup and back: whole or not at all, and never under something that is there already."""

import io
import json
import os
import sqlite3
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from app.service.backup import END, HEAD, back_up
from app.service.holds import is_held
from app.service.records import RunOutcome
from app.service.register import RESTORING, Register
from app.service.restoring import restore
from app.service.workflow_rows import DATABASE
from spine.errors import Code, SpineError
from tests.app.service.recorded import record_run

Keep = Callable[..., None]


@pytest.fixture
def filled(register: Register, keep: Keep) -> Register:
    """A delivered run, an open one, a failed one, and a study without a run."""
    record_run(register, "1.2.3.1", delivered=("pacs",))
    record_run(register, "1.2.4.1")
    record_run(register, "1.2.5.1", RunOutcome.failed(Code.WORKER_DIED))
    keep(study="1.2.9", uid="1.2.9.1")
    keep(study="1.2.9", uid="1.2.9.1", patient="ANOTHER")
    with sqlite3.connect(register.root / DATABASE) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE t (x INT)")
        database.execute("INSERT INTO t VALUES (42)")
    return register


@pytest.fixture
def empty(tmp_path: Path) -> Register:
    return Register(tmp_path / "restored")


def _content(root: Path) -> dict[str, bytes]:
    left_out = {"work", "locks", "lock"}
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
        and not path.name.startswith(DATABASE)
        and path.relative_to(root).parts[0] not in left_out
    }


def test_nobody_else_may_read_a_backup_even_where_one_before_it_was_left_unfinished(
    filled: Register, tmp_path: Path
) -> None:
    unfinished = tmp_path / "backup.tar.unfinished"
    unfinished.write_bytes(b"")
    unfinished.chmod(0o644)
    before = os.umask(0)
    try:
        back_up(filled, tmp_path / "backup.tar", was_served=False)
    finally:
        os.umask(before)
    assert (tmp_path / "backup.tar").stat().st_mode & 0o777 == 0o600


def test_everything_comes_back_byte_for_byte_with_its_time(
    filled: Register, empty: Register, tmp_path: Path
) -> None:
    outcome = Path("runs") / "1.2.4.1" / "outcome.json"
    os.utime(filled.root / outcome, (1e9, 1e9))
    back_up(filled, tmp_path / "b.tar", was_served=False)
    restore(empty, tmp_path / "b.tar")
    assert _content(empty.root) == _content(filled.root)
    assert (empty.root / outcome).stat().st_mtime == 1e9
    with sqlite3.connect(empty.root / DATABASE) as database:
        assert database.execute("SELECT x FROM t").fetchall() == [(42,)]


def test_backup_of_a_served_register_holds_what_may_have_been_delivered_since(
    filled: Register, empty: Register, tmp_path: Path
) -> None:
    back_up(filled, tmp_path / "b.tar", was_served=True)
    restore(empty, tmp_path / "b.tar")
    held = {run: is_held(empty, run) for run in ("1.2.3.1", "1.2.4.1", "1.2.5.1", "1.2.9.1")}
    assert held == {"1.2.3.1": False, "1.2.4.1": True, "1.2.5.1": False, "1.2.9.1": True}


@pytest.mark.parametrize("case", [(True, False), (False, None)], ids=["resumed", "stopped"])
def test_nothing_is_held_where_the_other_instance_did_nothing_since(
    filled: Register,
    empty: Register,
    tmp_path: Path,
    case: tuple[bool, bool | None],
) -> None:
    back_up(filled, tmp_path / "b.tar", was_served=case[0])
    restore(empty, tmp_path / "b.tar", hold_open=case[1])
    assert not is_held(empty, "1.2.4.1")


def test_existing_file_is_never_overwritten(filled: Register, tmp_path: Path) -> None:
    (tmp_path / "b.tar").write_text("last week's")
    with pytest.raises(SpineError) as caught:
        back_up(filled, tmp_path / "b.tar", was_served=False)
    assert caught.value.code is Code.BACKUP_INVALID
    assert (tmp_path / "b.tar").read_text() == "last week's"


def test_root_that_holds_something_is_refused_untouched(filled: Register, tmp_path: Path) -> None:
    back_up(filled, tmp_path / "b.tar", was_served=False)
    before = _content(filled.root)
    with pytest.raises(SpineError) as caught:
        restore(filled, tmp_path / "b.tar")
    assert caught.value.code is Code.REGISTER_NOT_EMPTY
    assert _content(filled.root) == before


@pytest.mark.parametrize("kept", [0.3, 0.7, 0.95])
def test_backup_cut_short_restores_nothing(
    filled: Register, empty: Register, tmp_path: Path, kept: float
) -> None:
    back_up(filled, tmp_path / "b.tar", was_served=False)
    whole = (tmp_path / "b.tar").read_bytes()
    end = whole.rindex(END.encode())
    (tmp_path / "b.tar").write_bytes(whole[: int(end * kept)])
    _require_refused(empty, tmp_path / "b.tar")


def test_changed_byte_restores_nothing(filled: Register, empty: Register, tmp_path: Path) -> None:
    back_up(filled, tmp_path / "b.tar", was_served=False)
    content = (tmp_path / "b.tar").read_bytes()
    (tmp_path / "b.tar").write_bytes(content.replace(b"WORKER_DIED", b"WORKER_LIED"))
    _require_refused(empty, tmp_path / "b.tar")


@pytest.mark.parametrize("name", ["../evil", "runs/../../evil", "/etc/evil", "lock", "runs/.x"])
def test_name_that_no_register_has_is_refused(empty: Register, tmp_path: Path, name: str) -> None:
    with tarfile.open(tmp_path / "b.tar", "w") as tar:
        for member, content in ((HEAD, json.dumps({"schema": 1}).encode()), (name, b"evil")):
            info = tarfile.TarInfo(member)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    _require_refused(empty, tmp_path / "b.tar")
    assert not list(tmp_path.rglob("evil"))


def _require_refused(register: Register, file: Path) -> None:
    with pytest.raises(SpineError) as caught:
        restore(register, file)
    assert caught.value.code is Code.BACKUP_INVALID
    left = {path.name for path in register.root.iterdir()} - {"work"}
    assert left == set()


def test_restore_that_was_killed_keeps_the_service_from_starting_and_can_be_repeated(
    filled: Register, empty: Register, tmp_path: Path
) -> None:
    back_up(filled, tmp_path / "b.tar", was_served=False)
    (empty.root / "runs").mkdir(parents=True)
    (empty.root / RESTORING).touch()
    with pytest.raises(SpineError) as caught, empty.hold():
        pass
    assert caught.value.code is Code.SETTINGS_INVALID
    restore(empty, tmp_path / "b.tar")
    assert _content(empty.root) == _content(filled.root)
    with empty.hold():
        pass


def test_outcome_that_came_while_its_run_was_listed_is_left_out(
    register: Register, empty: Register, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record_run(register, outcome=None)
    exists = Path.exists

    def exists_until_asked(path: Path, **arguments: bool) -> bool:
        found = exists(path, **arguments)
        if path.name == "outcome.json" and not found:
            path.write_text("{}")
        return found

    monkeypatch.setattr(Path, "exists", exists_until_asked)
    back_up(register, tmp_path / "b.tar", was_served=False)
    monkeypatch.undo()
    restore(empty, tmp_path / "b.tar")
    assert empty.outcome("1.2.3.1") is None
