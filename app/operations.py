"""What IT does by hand: send, ask, look."""

import os
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from app.service.durable import make_folder_durably, write_json_durably
from app.service.records import RunRecord
from app.service.register import Register
from app.settings import Settings
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


def status_lines(settings: Settings) -> Iterator[str]:
    """Yield one line a run, oldest first, then one for every study that has none yet."""
    register = Register(settings.storage.root)
    if not (register.root / "studies").is_dir():
        yield f"nothing received in {register.root}"
        return
    seen = set()
    for record in register.runs():
        seen.add(record.study_instance_uid)
        yield _run_line(register, record)
    for study in register.studies():
        if study not in seen:
            yield f"{study}  arriving  {len(register.instances(study))} instances"


def _run_line(register: Register, record: RunRecord) -> str:
    outcome = register.outcome(record.run_id)
    state = "waiting or running" if outcome is None else outcome.state.value
    if outcome is not None and outcome.code is not None:
        state += f" ({outcome.code})"
    deliveries = [
        f"{name}: {'delivered' if register.receipt(record.run_id, name).is_complete else 'open'}"
        for name in record.destinations
        if outcome is not None and outcome.objects
    ]
    return "  ".join([record.run_id, record.analysis_time, state, *deliveries])


def _is_dicom(path: Path) -> bool:
    try:
        read_meta(path)
    except FileMetaError:
        return False
    return True
