"""What IT does by hand: send, ask, retry, hold."""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from app.service.delivery import release as release_delivery
from app.service.durable import make_folder_durably, write_json_durably
from app.service.holds import hold, release
from app.service.marks import mark_urgent
from app.service.recalls import is_settled
from app.service.records import RunRecord, State
from app.service.register import Register, is_run_id, is_uid
from app.service.requests import Request, ask
from pacs import sender
from pacs.part10 import FileMetaError, read_meta
from pacs.sender import Destination, SendError
from spine.errors import Code, SpineError


def dicom_files(folder: Path) -> list[Path]:
    """Return the DICOM files below a folder, in the order of their paths."""
    return [path for path in sorted(folder.rglob("*")) if path.is_file() and _is_dicom(path)]


def write_run_record(source: Path, output: Path, analysis_time: datetime) -> None:
    """Write ``run.json`` as the service does before the first step of a run."""
    uids = {read_meta(path).sop_instance_uid for path in dicom_files(source)}
    record = RunRecord("", analysis_time.isoformat(), "default", tuple(sorted(uids)), ())
    write_json_durably(output / "run.json", record.to_json(), output)


def require_writable(output: Path) -> None:
    """Make the output folder, and try whether a file can be written there.

    Raises
    ------
    SpineError
        ``OUTPUT_UNWRITABLE``.
    """
    try:
        make_folder_durably(output)
        with tempfile.TemporaryFile(dir=output):
            pass
    except OSError as error:
        reason = f"the output folder cannot be written: {error.strerror}, as user {os.getuid()}"
        raise SpineError(Code.OUTPUT_UNWRITABLE, reason) from None


def send_all(files: list[Path], destination: Destination) -> None:
    """Send files.

    Raises
    ------
    SpineError
        ``DELIVERY_FAILED`` with the name of the failure.
    """
    try:
        sender.send(files, destination, lambda _stored: None)
    except SendError as error:
        raise SpineError(Code.DELIVERY_FAILED, str(error)) from error


def echo(destination: Destination) -> None:
    """Ask whether a peer answers.

    Raises
    ------
    SpineError
        ``DELIVERY_FAILED`` with the name of the failure.
    """
    try:
        sender.echo(destination)
    except SendError as error:
        raise SpineError(Code.DELIVERY_FAILED, str(error)) from error


def retry(register: Register, run_id: str, destination: str | None) -> None:
    """Ask whoever serves to analyze a failed run again, or to deliver at once what is missing.

    Raises
    ------
    SpineError
        ``RUN_UNKNOWN``; ``NOTHING_TO_RETRY`` where every destination has everything, or
        the analysis ended well with nothing to send.
    """
    record = known_run(register, run_id)
    if destination is not None and destination not in record.destinations:
        raise SpineError(Code.RUN_UNKNOWN, f"run {run_id} does not go to {destination}")
    outcome = register.outcome(run_id)
    if outcome is not None and outcome.state is State.NOTHING_TO_SEND:
        raise SpineError(Code.NOTHING_TO_RETRY, f"run {run_id}: {outcome.code}")
    names = [name for name in record.destinations if destination in (None, name)]
    is_written = outcome is not None and outcome.state is State.WRITTEN
    if is_written and all(is_settled(register, run_id, name) for name in names):
        raise SpineError(Code.NOTHING_TO_RETRY, f"run {run_id}: delivered, or withdrawn")
    ask(register, run_id, Request.RETRY, destination or "")


def hold_run(register: Register, run_id: str) -> None:
    """Let nothing more of a run be sent.

    Raises
    ------
    SpineError
        ``RUN_UNKNOWN``.
    """
    hold(register, known_run(register, run_id).run_id)


def release_run(register: Register, run_id: str) -> None:
    """Let a held run be sent, at once where a service runs, and whatever held a delivery of it.

    Raises
    ------
    SpineError
        ``NOTHING_TO_RETRY`` where neither the run nor a delivery of it is held.
    """
    if not is_run_id(run_id) or not any([release(register, run_id), *_released(register, run_id)]):
        raise SpineError(Code.NOTHING_TO_RETRY, f"run {run_id} is not held")
    if _is_written(register, run_id):
        ask(register, run_id, Request.RETRY)


def hasten(register: Register, name: str) -> None:
    """Let a run, or a study that is still arriving, go before the others (STAT).

    Parameters
    ----------
    name : of a run, or a Study Instance UID

    Raises
    ------
    SpineError
        ``RUN_UNKNOWN``.
    """
    is_run = is_run_id(name) and (register.run_folder(name) / "run.json").exists()
    if not is_run and is_uid(name) and register.input_folder(name).is_dir():
        mark_urgent(register, name)
        return
    ask(register, name, Request.HASTEN)


def _released(register: Register, run_id: str) -> Iterator[bool]:
    """Release what holds single deliveries, such as a patient who differs there."""
    if not (register.run_folder(run_id) / "run.json").exists():
        return
    for name in register.run(run_id).destinations:
        yield release_delivery(register, run_id, name)


def _is_written(register: Register, run_id: str) -> bool:
    outcome = register.outcome(run_id)
    return outcome is not None and outcome.state is State.WRITTEN


def is_served(register: Register) -> bool:
    """Tell whether a process serves out of this folder now."""
    try:
        with (register.root / "lock").open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except BlockingIOError:
        return True
    return False


def known_run(register: Register, run_id: str) -> RunRecord:
    """Return a run's record.

    Raises
    ------
    SpineError
        ``RUN_UNKNOWN``.
    """
    if not is_run_id(run_id) or not (register.run_folder(run_id) / "run.json").is_file():
        raise SpineError(Code.RUN_UNKNOWN, "there is no run of this name")
    return register.run(run_id)


def _is_dicom(path: Path) -> bool:
    try:
        read_meta(path)
    except FileMetaError:
        return False
    return True
