"""Files that are still there, and whole, after the power went out."""

import fcntl
import json
import os
import uuid
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

# Unrelated files must seldom wait for each other; the lock files are never removed.
_LOCKS = 64


def write_durably(path: Path, chunks: Iterable[bytes], staging: Path) -> None:
    """Write, fsync, rename, fsync of the folder: in this order, or not at all.

    Parameters
    ----------
    staging : folder on the same file system, for the unfinished file
    """
    unfinished = staging / uuid.uuid4().hex
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
    try:
        try:
            for chunk in chunks:
                _write_all(descriptor, chunk)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.rename(unfinished, path)  # noqa: PTH104 - beside the other calls whose order matters
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    fsync_folder(path.parent)


def write_json_durably(path: Path, content: Mapping[str, object], staging: Path) -> None:
    """Write an object as readable JSON, keys sorted."""
    text = json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False)
    write_durably(path, [text.encode() + b"\n"], staging)


def read_json(path: Path) -> dict[str, Any] | None:
    """Return the object in a file, None where there is none; another process may remove it."""
    try:
        content: dict[str, Any] = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    return content


@contextmanager
def locked(path: Path, locks: Path) -> Iterator[None]:
    """Keep every other thread and process from deciding about the same path.

    Parameters
    ----------
    locks : folder of the lock files
    """
    number = zlib.crc32(os.fsencode(path)) % _LOCKS
    descriptor = os.open(f"{locks}/{number:02d}", os.O_RDWR | os.O_CREAT, 0o640)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def fsync_folder(folder: Path) -> None:
    """Make the entries of a folder durable: a rename alone is not."""
    _fsync(folder, os.O_RDONLY | os.O_DIRECTORY)


def fsync_file(path: Path) -> None:
    """Make the content of a file that somebody else wrote durable."""
    _fsync(path, os.O_RDONLY)


def fsync_tree(path: Path) -> None:
    """Make a file, or a folder with all below it, durable."""
    if path.is_file():
        fsync_file(path)
        return
    for entry in path.iterdir():
        fsync_tree(entry)
    fsync_folder(path)


def make_folder_durably(folder: Path) -> None:
    """Create a folder and its parents, each entry durable in the folder above."""
    if folder.is_dir():
        return
    make_folder_durably(folder.parent)
    folder.mkdir(exist_ok=True)
    fsync_folder(folder.parent)


def _fsync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_all(descriptor: int, chunk: bytes) -> None:
    view = memoryview(chunk)
    while view:
        view = view[os.write(descriptor, view) :]
