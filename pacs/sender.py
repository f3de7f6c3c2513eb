"""Storage SCU: sends stored files byte for byte; every failure has a name."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pynetdicom import evt
from pynetdicom.association import Association
from pynetdicom.presentation import build_context
from pynetdicom.sop_class import Verification

from pacs.network import application_entity, disable_nagle
from pacs.part10 import FileMeta, FileMetaError, read_meta

# PS3.4, table B.2-1: coercion, elements discarded, does not match. The peer has stored it.
_WARNINGS = (0xB000, 0xB006, 0xB007)


class SendFailure(StrEnum):
    """Why objects did not arrive."""

    FILE_UNREADABLE = "FILE_UNREADABLE"
    UNREACHABLE = "UNREACHABLE"
    ASSOCIATION_REJECTED = "ASSOCIATION_REJECTED"
    CONTEXT_REJECTED = "CONTEXT_REJECTED"
    NOT_STORED = "NOT_STORED"
    ABORTED = "ABORTED"


class SendError(Exception):
    """Not everything arrived; `detail` names SOP classes and statuses, never a patient."""

    def __init__(self, failure: SendFailure, detail: str) -> None:
        super().__init__(f"{failure}: {detail}")
        self.failure = failure
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Destination:
    """An application entity to send to.

    Attributes
    ----------
    ae_title : of the peer (called)
    calling_ae_title : ours
    timeout_s : for connection, association and each answer
    """

    host: str
    port: int
    ae_title: str
    calling_ae_title: str
    timeout_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Stored:
    """One object the peer confirmed, with the status it gave."""

    path: Path
    sop_instance_uid: str
    status: int


def send(
    files: Sequence[Path], destination: Destination, on_stored: Callable[[Stored], None]
) -> None:
    """Send files in order over one association; `on_stored` is called after each answer.

    Raises
    ------
    SendError
        At the first file that is not stored. Nothing at all is sent where the peer refuses
        one of the presentation contexts needed.
    """
    objects = [(path, _meta(path)) for path in files]
    syntaxes = sorted({(meta.sop_class_uid, meta.transfer_syntax_uid) for _, meta in objects})
    with _association(destination, syntaxes) as association:
        _require_contexts(association, syntaxes)
        for number, (path, meta) in enumerate(objects):
            status = _store(association, path, meta, number)
            on_stored(Stored(path, meta.sop_instance_uid, status))


def echo(destination: Destination) -> None:
    """Verify that the peer answers (C-ECHO).

    Raises
    ------
    SendError
        If it does not.
    """
    syntaxes = [(str(Verification), "1.2.840.10008.1.2")]
    with _association(destination, syntaxes) as association:
        _require_contexts(association, syntaxes)
        status = association.send_c_echo()
        if "Status" not in status:
            raise SendError(SendFailure.ABORTED, "no answer to C-ECHO")
        if status.Status != 0:
            raise SendError(SendFailure.NOT_STORED, f"C-ECHO answered 0x{status.Status:04X}")


def _meta(path: Path) -> FileMeta:
    try:
        return read_meta(path)
    except FileMetaError as error:
        raise SendError(SendFailure.FILE_UNREADABLE, str(error)) from error


@contextmanager
def _association(
    destination: Destination, syntaxes: Sequence[tuple[str, str]]
) -> Iterator[Association]:
    entity = application_entity(destination.calling_ae_title)
    entity.connection_timeout = destination.timeout_s
    entity.acse_timeout = destination.timeout_s
    entity.dimse_timeout = destination.timeout_s
    association = entity.associate(
        destination.host,
        destination.port,
        # One context a pair: a context with two syntaxes would let the peer choose.
        contexts=[build_context(sop_class, syntax) for sop_class, syntax in syntaxes],
        ae_title=destination.ae_title,
        max_pdu=entity.maximum_pdu_size,
        evt_handlers=[(evt.EVT_CONN_OPEN, disable_nagle)],
    )
    if not association.is_established:
        raise _refused(association, destination)
    _keep_answers(association)
    try:
        yield association
    finally:
        if association.is_established:
            association.release()


def _keep_answers(association: Association) -> None:
    """Give an answer back that pynetdicom's reactor took by mistake.

    In pynetdicom 3.0.4 the reactor thread may still be on its way out of a pause when
    ``send_c_store`` believes it to be paused; it then takes the answer, drops it as
    unexpected, and the sender waits in vain. Seen once in some 10,000 objects.
    """

    def put_back(message: object, context_id: int) -> None:
        association.dimse.msg_queue.put((context_id, message))

    association._serve_request = put_back


def _refused(association: Association, destination: Destination) -> SendError:
    if association.is_rejected:
        answer = association.acceptor.primitive
        return SendError(SendFailure.ASSOCIATION_REJECTED, str(answer.reason_str))
    if association.rejected_contexts:
        return _context_error(association)
    return SendError(SendFailure.UNREACHABLE, f"{destination.host}:{destination.port}")


def _require_contexts(association: Association, syntaxes: Sequence[tuple[str, str]]) -> None:
    accepted = {
        (str(context.abstract_syntax), str(context.transfer_syntax[0]))
        for context in association.accepted_contexts
    }
    if not accepted.issuperset(syntaxes):
        raise _context_error(association)


def _context_error(association: Association) -> SendError:
    refused = {context.abstract_syntax.name for context in association.rejected_contexts}
    return SendError(SendFailure.CONTEXT_REJECTED, ", ".join(sorted(refused)))


def _store(association: Association, path: Path, meta: FileMeta, number: int) -> int:
    if not association.is_established:
        raise SendError(SendFailure.ABORTED, f"before {meta.sop_instance_uid}")
    status = association.send_c_store(path, msg_id=number % 0xFFFF + 1)
    if "Status" not in status:
        raise SendError(SendFailure.ABORTED, f"no answer to {meta.sop_instance_uid}")
    value = int(status.Status)
    if value != 0 and value not in _WARNINGS:
        raise SendError(SendFailure.NOT_STORED, f"0x{value:04X} for {meta.sop_instance_uid}")
    return value
