"""A backup back onto an empty disk, whole or not at all."""

import hashlib
import json
import os
import re
import shutil
import tarfile
from pathlib import Path
from typing import IO, Any

from app.service.backup import END, HEAD, NOT_COPIED, SCHEMA, BackupContent
from app.service.durable import fsync_folder, fsync_tree, make_folder_durably
from app.service.holds import hold
from app.service.marks import received_titles
from app.service.overview import Overview
from app.service.register import RESTORING, Register
from app.service.rejected import rejected_instances
from app.service.sop_classes import is_mr, is_result
from app.service.views import RunView
from pacs.part10 import FileMetaError, read_meta
from spine.errors import Code, SpineError

_TOLERATED = {*NOT_COPIED, "lock", RESTORING}
_CHUNK = 1 << 20
# The database itself, or a file in a folder; no part begins with a dot.
_NAME = re.compile(r"workflows\.sqlite|[a-z]+(/[A-Za-z0-9][A-Za-z0-9._-]*)+")


def restore(register: Register, source: Path, *, hold_open: bool | None = None) -> BackupContent:
    """Fill an empty root from a backup.

    Parameters
    ----------
    hold_open : hold what was not delivered when the backup was made; None holds it where a
        service ran at that time, which may have delivered it since

    Raises
    ------
    SpineError
        ``REGISTER_NOT_EMPTY``; ``BACKUP_INVALID`` if the file is not a whole backup.
    """
    make_folder_durably(register.root)
    _require_empty(register)
    marker = register.root / RESTORING
    marker.touch()
    fsync_folder(register.root)
    work = register.staging / "restore"
    shutil.rmtree(work, ignore_errors=True)
    try:
        content = _read(source, work)
    except (tarfile.TarError, OSError, ValueError, KeyError, TypeError) as error:
        shutil.rmtree(work, ignore_errors=True)
        marker.unlink()
        raise SpineError(Code.BACKUP_INVALID, f"{source}: {_reason(error)}") from error
    for path in sorted(work.iterdir()):
        path.rename(register.root / path.name)
    register.prepare()
    if content.was_served if hold_open is None else hold_open:
        _hold_open_runs(register)
    marker.unlink()
    fsync_folder(register.root)
    return content


def _require_empty(register: Register) -> None:
    """Refuse a root with anything in it, but for what an unfinished restore left."""
    found = {path.name for path in register.root.iterdir()} - _TOLERATED
    if found and not (register.root / RESTORING).exists():
        reason = f"{register.root} holds a register already"
        raise SpineError(Code.REGISTER_NOT_EMPTY, reason)
    for name in found:
        path = register.root / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _read(source: Path, target: Path) -> BackupContent:
    """Unpack and verify; the folder is complete and durable, or an error is raised."""
    make_folder_durably(target)
    digest, files, head, end = hashlib.sha256(), 0, {}, {}
    with tarfile.open(source, mode="r:") as tar:
        for member in tar:
            content = tar.extractfile(member)
            if content is None:
                raise ValueError("not a file")
            if member.name == HEAD:
                head = json.load(content)
            elif member.name == END:
                end = json.load(content)
            else:
                _unpack(member, content, target, digest)
                files += 1
    _require_whole(head, end, files, digest.hexdigest())
    fsync_tree(target)
    return BackupContent(files, bool(head["was_served"]))


def _unpack(
    member: tarfile.TarInfo, content: IO[bytes], target: Path, digest: "hashlib._Hash"
) -> None:
    if _NAME.fullmatch(member.name) is None or member.name.partition("/")[0] in _TOLERATED:
        raise ValueError("a name that no register has")
    path = target / member.name
    path.parent.mkdir(parents=True, exist_ok=True)
    digest.update(f"{member.name}\0{member.size}\0".encode())
    with path.open("xb") as file:
        path.chmod(0o640)
        while chunk := content.read(_CHUNK):
            digest.update(chunk)
            file.write(chunk)
    # The time of an outcome says how long a result has waited.
    os.utime(path, (member.mtime, member.mtime))


def _require_whole(head: dict[str, Any], end: dict[str, Any], files: int, digest: str) -> None:
    if head.get("schema") != SCHEMA:
        raise ValueError("not a backup of this program")
    if (end.get("files"), end.get("sha256")) != (files, digest):
        raise ValueError("not whole")


def _hold_open_runs(register: Register) -> None:
    """Hold every run that was not done, and the next runs of every study that would open some."""
    latest: dict[str, int] = {}
    for run in Overview(register).snapshot().runs:
        if not _is_done(run):
            hold(register, run.run_id, "restore")
        study, _, number = run.run_id.rpartition(".")
        latest[study] = max(int(number), latest.get(study, 0))
    for study in register.studies():
        if _has_unseen(register, study):
            # One for each profile under which it was received.
            for place in range(1, max(1, len(received_titles(register, study))) + 1):
                hold(register, f"{study}.{latest.get(study, 0) + place}", "restore")


def _is_done(run: RunView) -> bool:
    is_over = run.ended_at is not None
    return is_over and all(item.state.is_done for item in run.deliveries)


def _has_unseen(register: Register, study: str) -> bool:
    """Tell whether images came that a run would be opened for.

    Documents open none, nor what was rejected, and after the first run only MR does.
    """
    runs = register.runs_of(study)
    seen = {uid for run in runs for uid in run.instances}
    unseen = set(register.instances(study)) - seen - rejected_instances(register, study)
    classes = (_sop_class(register.instance_path(study, uid)) for uid in unseen)
    return any(is_mr(name) if runs else not is_result(name) for name in classes if name)


def _sop_class(path: Path) -> str:
    """Return the SOP class of a file; empty where it says none, and is analyzed by nobody."""
    try:
        return read_meta(path).sop_class_uid
    except FileMetaError:
        return ""


def _reason(error: Exception) -> str:
    """Say what a person can act on; messages of libraries may quote what they read."""
    if isinstance(error, OSError):
        return str(error.strerror)
    return str(error) if type(error) is ValueError else type(error).__name__
