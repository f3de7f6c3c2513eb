"""A folder as destination: ``<StudyInstanceUID>/<SOPInstanceUID>.dcm``, durable and never half."""

import errno
import filecmp
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app.service.durable import fsync_file, fsync_folder, make_folder_durably
from pacs.query import read_texts
from pacs.sender import OnStored, SendError, SendFailure, Stored, read_object

# What file systems without hard links answer, shares of Windows among them.
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EMLINK)


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder that somebody else reads; it must exist: what is mounted there may be away."""

    path: Path


def write_objects(files: Sequence[Path], folder: Folder, on_stored: OnStored) -> None:
    """Copy files in order; `on_stored` is called when each is durable.

    Raises
    ------
    SendError
        ``FOLDER_MISSING``, or ``OTHER_CONTENT`` where a file of that name holds something
        else, which is never overwritten.
    """
    check_folder(folder)
    for path in files:
        uid = read_object(path).sop_instance_uid
        study = read_texts(path, ("StudyInstanceUID",))["StudyInstanceUID"]
        target = folder.path / _safe(study) / f"{_safe(uid)}.dcm"
        make_folder_durably(target.parent)
        _copy(path, target)
        on_stored(Stored(path, uid, 0))


def check_folder(folder: Folder) -> None:
    """Verify that the folder is there and may be written.

    Raises
    ------
    SendError
        ``FOLDER_MISSING`` if not.
    """
    if not folder.path.is_dir() or not os.access(folder.path, os.W_OK | os.X_OK):
        raise SendError(SendFailure.FOLDER_MISSING, str(folder.path))


def _safe(uid: str) -> str:
    """Refuse what would leave the folder."""
    if not uid or not set(uid) <= set("0123456789."):
        raise SendError(SendFailure.FILE_UNREADABLE, "not a UID")
    return uid


def _copy(source: Path, target: Path) -> None:
    # One name for all tries: what a killed process left is written over, not left for good.
    unfinished = target.with_name(f".{target.name}.part")
    shutil.copyfile(source, unfinished)
    try:
        fsync_file(unfinished)
        _give_name(unfinished, target)
    finally:
        unfinished.unlink(missing_ok=True)
    if not filecmp.cmp(source, target, shallow=False):
        raise SendError(SendFailure.OTHER_CONTENT, target.name)
    fsync_folder(target.parent)


def _give_name(unfinished: Path, target: Path) -> None:
    """Let the file appear whole, and only where there is none: a rename would replace it."""
    try:
        os.link(unfinished, target)
    except FileExistsError:
        return
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if not target.exists():
            unfinished.rename(target)
