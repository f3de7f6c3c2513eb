import errno
import os
from pathlib import Path

import pytest

from app.service.durable import (
    make_folder_durably,
    read_json,
    write_durably,
    write_json_durably,
)


def test_content_is_there_and_nothing_unfinished_is_left(tmp_path: Path) -> None:
    staging = tmp_path / "work"
    staging.mkdir()
    write_durably(tmp_path / "a", [b"one", b"two"], staging)
    assert (tmp_path / "a").read_bytes() == b"onetwo"
    assert list(staging.iterdir()) == []


def test_failed_fsync_leaves_neither_file_nor_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    staging = tmp_path / "work"
    staging.mkdir()
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="Input/output"):
        write_durably(tmp_path / "a", [b"one"], staging)
    assert not (tmp_path / "a").exists()
    assert list(staging.iterdir()) == []


def test_every_new_folder_is_durable_in_its_parent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    fsync = os.fsync

    def record(descriptor: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{descriptor}").readlink()))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", record)
    make_folder_durably(tmp_path / "a" / "b")
    assert synced == [str(tmp_path), str(tmp_path / "a")]


def test_json_is_readable_and_keeps_letters(tmp_path: Path) -> None:
    write_json_durably(tmp_path / "a.json", {"b": "ä", "a": 1}, tmp_path)
    assert (tmp_path / "a.json").read_text() == '{\n  "a": 1,\n  "b": "ä"\n}\n'


def test_json_that_another_process_removes_is_read_as_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "outcome.json"
    write_json_durably(path, {"state": "FAILED"}, tmp_path)
    read_bytes = Path.read_bytes

    def removed_just_before(self: Path) -> bytes:
        self.unlink()
        return read_bytes(self)

    assert read_json(path) == {"state": "FAILED"}
    monkeypatch.setattr(Path, "read_bytes", removed_just_before)
    assert read_json(path) is None
