"""What a person asks of the service: a file, found whether it runs now or starts later.

A command is another process; it must not write into the engine's database.
"""

import logging
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path

from app.service.durable import make_folder_durably, write_durably
from app.service.register import Register
from spine.errors import Code, SpineError

_LOG = logging.getLogger(__name__)


class Request(StrEnum):
    """What can be asked about a run."""

    # STAT: before all that is not urgent.
    HASTEN = "hasten"
    # Analyze a failed or quarantined run again, or deliver at once what waits for its next try.
    RETRY = "retry"
    # Look at once at a run that was recalled, and take back what is out.
    RECALL = "recall"


def ask(register: Register, run_id: str, request: Request, destination: str = "") -> None:
    """Ask for something; asking again changes nothing.

    Parameters
    ----------
    destination : of a retry, only this one; two that are asked for at once become all

    Raises
    ------
    SpineError
        ``RUN_UNKNOWN``
    """
    if not _exists(register, run_id):
        raise SpineError(Code.RUN_UNKNOWN, "there is no such run")
    folder = _folder(register)
    make_folder_durably(folder)
    path = folder / f"{run_id}.{request}"
    if _destination(path) not in (None, destination):
        destination = ""
    write_durably(path, (destination.encode(),), folder)


def asked(register: Register) -> list[tuple[str, Request]]:
    """Return what was asked and is not done."""
    folder = _folder(register)
    names = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
    found = (name.rpartition(".") for name in names)
    return [(run_id, Request(kind)) for run_id, _, kind in found if kind in set(Request)]


def answer(register: Register, answers: Mapping[Request, Callable[..., None]]) -> None:
    """Do what was asked, then forget it; what fails is tried again the next time."""
    for run_id, request in asked(register):
        try:
            _answer(register, run_id, request, answers[request])
        except Exception as error:  # noqa: BLE001
            # Whatever is wrong with one must not keep the others from being answered.
            reason = error.strerror if isinstance(error, OSError) else type(error).__name__
            _LOG.error("run %s: %s not done as asked: %s", run_id, request, reason)


def _answer(register: Register, run_id: str, request: Request, do: Callable[..., None]) -> None:
    path = _folder(register) / f"{run_id}.{request}"
    destination = _destination(path)
    if _exists(register, run_id):
        do(run_id, *([destination] if destination else []))
        _LOG.info("run %s: %s as asked", run_id, request)
    else:
        # As where a backup has the request, and the run was opened only while it was made.
        _LOG.error("run %s: asked for %s, but there is no such run", run_id, request)
    path.unlink(missing_ok=True)


def _exists(register: Register, run_id: str) -> bool:
    try:
        return (register.run_folder(run_id) / "run.json").exists()
    except ValueError:
        return False


def _destination(path: Path) -> str | None:
    """Read what a request is about, "" for all; None where it was answered meanwhile."""
    try:
        return path.read_text()
    except FileNotFoundError:
        return None


def _folder(register: Register) -> Path:
    return register.root / "requests"
