"""Storage SCU: sends stored files byte for byte; every failure has a name."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydicom.uid import UID, ImplicitVRLittleEndian
from pynetdicom.association import Association
from pynetdicom.sop_class import Verification

from pacs.association import (
    Destination,
    SendError,
    SendFailure,
    accepted,
    associate,
    require_contexts,
)
from pacs.part10 import FileMeta, FileMetaError, read_meta

__all__ = [
    "DUPLICATE",
    "Destination",
    "SendError",
    "SendFailure",
    "Stored",
    "echo",
    "read_object",
    "send",
]

DUPLICATE = 0x0111
"""PS3.7, C.5.9: the peer has it already, which it may say where its first answer got lost."""

# PS3.4, table B.2-1: coercion, elements discarded, does not match. The peer has stored it.
_STORED = (0x0000, 0xB000, 0xB006, 0xB007, DUPLICATE)
# Every further object would get the same answer.
_OUT_OF_RESOURCES = range(0xA700, 0xA800)
# pynetdicom counts the time for an answer from the first byte it queues, not from the last.
_SLOWEST_BYTES_PER_S = 250_000


@dataclass(frozen=True, slots=True)
class Stored:
    """One object the peer confirmed, with the status it gave."""

    path: Path
    sop_instance_uid: str
    status: int


OnStored = Callable[[Stored], None]


def send(files: Sequence[Path], destination: Destination, on_stored: OnStored) -> None:
    """Send files in order over one association; `on_stored` is called after each answer.

    An object that the peer refuses does not keep the others back; a peer without room does.

    Raises
    ------
    SendError
        If a file was not stored: with the failure of the first and the details of all.
    """
    objects = [(path, read_object(path)) for path in files]
    syntaxes = sorted({(meta.sop_class_uid, meta.transfer_syntax_uid) for _, meta in objects})
    failures: list[SendError] = []
    with associate(destination, syntaxes) as association:
        taken = accepted(association)
        for number, (path, meta) in enumerate(objects):
            try:
                _require_accepted(taken, meta)
                status = _store(association, path, meta, number)
                on_stored(Stored(path, meta.sop_instance_uid, status))
            except _RefusedError as error:
                failures.append(error)
    raise_all(failures)


def echo(destination: Destination) -> None:
    """Verify that the peer answers (C-ECHO).

    Raises
    ------
    SendError
        If it does not.
    """
    syntaxes = [(str(Verification), str(ImplicitVRLittleEndian))]
    with associate(destination, syntaxes) as association:
        require_contexts(association, syntaxes)
        status = association.send_c_echo()
        if "Status" not in status:
            raise SendError(SendFailure.ABORTED, "no answer to C-ECHO")
        if status.Status != 0:
            raise SendError(SendFailure.NOT_STORED, f"C-ECHO answered 0x{status.Status:04X}")


def read_object(path: Path) -> FileMeta:
    """Read what a stored object is.

    Raises
    ------
    SendError
        ``FILE_UNREADABLE`` if it is gone or no DICOM file.
    """
    try:
        return read_meta(path)
    except FileMetaError as error:
        raise SendError(SendFailure.FILE_UNREADABLE, str(error)) from error


def raise_all(failures: Sequence[SendError]) -> None:
    """Raise one error for all, where there are any; equal details are said once."""
    if failures:
        details = dict.fromkeys(error.detail for error in failures)
        raise SendError(failures[0].failure, "; ".join(details), failures[0].status)


class _RefusedError(SendError):
    """One object was refused; another may still be stored."""


def _require_accepted(taken: set[tuple[str, str]], meta: FileMeta) -> None:
    if (meta.sop_class_uid, meta.transfer_syntax_uid) not in taken:
        raise _RefusedError(SendFailure.CONTEXT_REJECTED, UID(meta.sop_class_uid).name)


def _store(association: Association, path: Path, meta: FileMeta, number: int) -> int:
    limit_s = association.acse_timeout + path.stat().st_size / _SLOWEST_BYTES_PER_S
    association.dimse_timeout = limit_s
    try:
        answer = association.send_c_store(path, msg_id=number % 0xFFFF + 1)
    except RuntimeError as error:  # pynetdicom's word for an association that has ended
        raise SendError(SendFailure.ABORTED, f"before {meta.sop_instance_uid}") from error
    if "Status" not in answer:
        raise SendError(SendFailure.ABORTED, f"no answer to {meta.sop_instance_uid}")
    status = int(answer.Status)
    if status in _STORED:
        return status
    error_class = SendError if status in _OUT_OF_RESOURCES else _RefusedError
    detail = f"0x{status:04X} for {meta.sop_instance_uid}"
    raise error_class(SendFailure.NOT_STORED, detail, status)
