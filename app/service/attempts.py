"""How often an analysis was begun and did not end: ``runs/<run_id>/attempts/``.

On disk, since neither the engine's database nor this process may be there afterwards. One
file an attempt, removed when it ends: that needs no room on a full disk.
"""

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.service.durable import fsync_folder, make_folder_durably, write_durably
from app.service.register import Register

_FOLDER = "attempts"


def crashes(register: Register, run_id: str) -> int:
    """Return how many attempts were begun that never ended."""
    folder = _folder(register, run_id)
    return sum(1 for _ in folder.iterdir()) if folder.is_dir() else 0


@contextmanager
def attempt(register: Register, run_id: str) -> Iterator[None]:
    """Count as a crash what does not leave this context by an interruption or with a result.

    A bug (any other `Exception`) counts: it would return with every try.
    """
    folder = _folder(register, run_id)
    make_folder_durably(folder)
    mark = folder / uuid.uuid4().hex
    write_durably(mark, (), register.staging)
    try:
        yield
    except OSError:
        mark.unlink(missing_ok=True)
        raise
    except Exception:
        raise
    except BaseException:
        # The service stops, which is nobody's fault.
        mark.unlink(missing_ok=True)
        raise
    mark.unlink(missing_ok=True)


def forget(register: Register, run_id: str) -> None:
    """Begin counting anew."""
    folder = _folder(register, run_id)
    if folder.is_dir():
        shutil.rmtree(folder)
        fsync_folder(folder.parent)


def _folder(register: Register, run_id: str) -> Path:
    return register.run_folder(run_id) / _FOLDER
