"""The whole register in one tar file, taken while the service runs.

Files appear in the register by rename and only ever after what they rest on: a run's record
after its instances, its outcome after its objects. So they are copied in the opposite order,
and the engine's database, which the disk overrules, before all of them.
"""

import hashlib
import io
import json
import os
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from app.service.durable import fsync_file, fsync_folder
from app.service.register import Register
from app.service.workflow_rows import DATABASE
from app.version import VERSION
from spine.errors import Code, SpineError

SCHEMA = 1
HEAD = "backup.json"
END = "end.json"
NOT_COPIED = ("work", "locks", "lost+found")
"""Folders that begin anew, or are not ours."""

_COPIED_APART = ("rejections", "runs", "aside")


@dataclass(frozen=True, slots=True)
class BackupContent:
    """What a backup holds.

    Attributes
    ----------
    was_served : whether a service ran, which may have gone on after the backup
    """

    files: int
    was_served: bool


def back_up(register: Register, target: Path, *, was_served: bool) -> BackupContent:
    """Write everything into a new file, which nobody else may read: it holds patients' images.

    Raises
    ------
    SpineError
        ``BACKUP_INVALID`` if the file exists or cannot be written.
    """
    if target.exists():
        raise SpineError(Code.BACKUP_INVALID, f"{target} exists already")
    unfinished = target.with_name(f"{target.name}.unfinished")
    try:
        # One that was left there keeps its permissions.
        unfinished.unlink(missing_ok=True)
        with (
            open(unfinished, "xb", opener=_for_us_alone) as raw,
            tarfile.open(fileobj=raw, mode="w") as tar,
        ):
            files = _write(register, tar, was_served=was_served)
        fsync_file(unfinished)
        unfinished.rename(target)
        fsync_folder(target.parent)
    except (OSError, sqlite3.Error) as error:
        unfinished.unlink(missing_ok=True)
        reason = error.strerror if isinstance(error, OSError) else type(error).__name__
        raise SpineError(Code.BACKUP_INVALID, f"{target}: {reason}") from error
    return BackupContent(files, was_served)


def _for_us_alone(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _write(register: Register, tar: tarfile.TarFile, *, was_served: bool) -> int:
    made_at = datetime.now(UTC).isoformat(timespec="seconds")
    head = {"schema": SCHEMA, "version": VERSION, "made_at": made_at, "was_served": was_served}
    _add_json(tar, HEAD, head)
    digest, files = hashlib.sha256(), 0
    with tempfile.TemporaryDirectory(prefix="spinemap-") as folder:
        database = _copy_of_database(register, Path(folder))
        for name, path in _files(register, database):
            files += _add(tar, name, path, digest)
    _add_json(tar, END, {"files": files, "sha256": digest.hexdigest()})
    return files


def _copy_of_database(register: Register, folder: Path) -> Path | None:
    """Copy the engine's database as of one moment."""
    path = register.root / DATABASE
    if not path.exists():
        return None
    copy = folder / DATABASE
    address = f"{path.resolve().as_uri()}?mode=ro"
    with (
        closing(sqlite3.connect(address, uri=True)) as source,
        closing(sqlite3.connect(copy)) as to,
    ):
        source.backup(to)
    return copy


def _files(register: Register, database: Path | None) -> Iterator[tuple[str, Path]]:
    if database is not None:
        yield DATABASE, database
    for path in _entries(register):
        if path.is_file():
            yield path.relative_to(register.root).as_posix(), path


def _entries(register: Register) -> Iterator[Path]:
    # A note that is judged while this goes on is in the copy as open, and judged again.
    notes = sorted((register.root / "rejections").glob("*"))
    yield from notes
    for run in sorted((register.root / "runs").glob("*")):
        # Asked before the folder is listed: what it vouches for is then in the list.
        outcome = run / "outcome.json"
        has_ended = outcome.exists()
        yield from (path for path in sorted(run.rglob("*")) if has_ended or path != outcome)
    for facts in sorted(register.aside.glob("*.json")):
        yield from (facts.with_suffix(".bin"), facts)
    for folder in sorted(path for path in register.root.iterdir() if path.is_dir()):
        if folder.name not in (*_COPIED_APART, *NOT_COPIED):
            for part in sorted(folder.iterdir()):
                yield from [part] if part.is_file() else sorted(part.rglob("*"))
    later = sorted((register.root / "rejections").glob("*.open"))
    yield from (path for path in later if path not in notes)


def _add(tar: tarfile.TarFile, name: str, path: Path, digest: "hashlib._Hash") -> int:
    """Add a file; one that was taken away meanwhile is no part of the backup."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return 0
    with file:
        info = tar.gettarinfo(arcname=name, fileobj=file)
        digest.update(f"{name}\0{info.size}\0".encode())
        tar.addfile(info, _Hashing(file, digest))
    return 1


class _Hashing:
    """A file that is hashed while it is read."""

    def __init__(self, file: IO[bytes], digest: "hashlib._Hash") -> None:
        self._file = file
        self._digest = digest

    def read(self, size: int = -1) -> bytes:
        chunk = self._file.read(size)
        self._digest.update(chunk)
        return chunk


def _add_json(tar: tarfile.TarFile, name: str, content: dict[str, object]) -> None:
    encoded = json.dumps(content, indent=2, sort_keys=True).encode() + b"\n"
    info = tarfile.TarInfo(name)
    info.size = len(encoded)
    tar.addfile(info, io.BytesIO(encoded))
