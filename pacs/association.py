"""Associations that we request: bounded in time, and every failure has a name."""

import socket
import struct
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pynetdicom import AE, evt
from pynetdicom.association import Association
from pynetdicom.events import Event, EventHandlerType
from pynetdicom.presentation import build_context

from pacs.network import application_entity, disable_nagle


class SendFailure(StrEnum):
    """Why objects did not arrive, or a peer did not do what it was asked."""

    FILE_UNREADABLE = "FILE_UNREADABLE"
    UNREACHABLE = "UNREACHABLE"
    ASSOCIATION_REJECTED = "ASSOCIATION_REJECTED"
    CONTEXT_REJECTED = "CONTEXT_REJECTED"
    NOT_STORED = "NOT_STORED"
    NOT_CONFIRMED = "NOT_CONFIRMED"
    ABORTED = "ABORTED"
    NOT_AUTHORIZED = "NOT_AUTHORIZED"
    CERTIFICATE_REFUSED = "CERTIFICATE_REFUSED"
    SECRET_UNREADABLE = "SECRET_UNREADABLE"  # noqa: S105 - the name of a failure
    FOLDER_MISSING = "FOLDER_MISSING"
    OTHER_CONTENT = "OTHER_CONTENT"
    QUERY_FAILED = "QUERY_FAILED"
    COMMITMENT_REFUSED = "COMMITMENT_REFUSED"
    COMMITMENT_FAILED = "COMMITMENT_FAILED"


class SendError(Exception):
    """Not everything arrived; `detail` names SOP classes and statuses, never a patient.

    Attributes
    ----------
    status : what the peer answered about the first object that failed; None without an answer
    """

    def __init__(self, failure: SendFailure, detail: str, status: int | None = None) -> None:
        super().__init__(f"{failure}: {detail}")
        self.failure = failure
        self.detail = detail
        self.status = status


@dataclass(frozen=True, slots=True)
class Destination:
    """An application entity to talk to.

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


# SOP class and transfer syntax of one presentation context.
Syntax = tuple[str, str]


@contextmanager
def associate(
    destination: Destination,
    syntaxes: Sequence[Syntax],
    handlers: Sequence[EventHandlerType] = (),
    idle_s: float = 0.0,
) -> Iterator[Association]:
    """Open an association, one presentation context for each pair, and release it at the end.

    Parameters
    ----------
    handlers : of requests that the peer may make on this association
    idle_s : how long it may be silent on purpose, beyond the destination's time limit

    Raises
    ------
    SendError
        If the peer cannot be reached or refuses. A peer that refuses only some of the
        presentation contexts is left to `accepted`.
    """
    entity = application_entity(destination.calling_ae_title)
    entity.connection_timeout = destination.timeout_s
    entity.acse_timeout = destination.timeout_s
    entity.dimse_timeout = destination.timeout_s
    entity.network_timeout = destination.timeout_s + idle_s
    association = _request(entity, destination, syntaxes, handlers)
    if not association.is_established:
        raise _refused(association, destination)
    serving = _keep_answers(association)
    try:
        yield association
    finally:
        with serving:
            if association.is_established:
                association.release()


def _request(
    entity: AE,
    destination: Destination,
    syntaxes: Sequence[Syntax],
    handlers: Sequence[EventHandlerType],
) -> Association:
    try:
        return entity.associate(
            destination.host,
            destination.port,
            # One context a pair: a context with two syntaxes would let the peer choose.
            contexts=[build_context(sop_class, syntax) for sop_class, syntax in syntaxes],
            ae_title=destination.ae_title,
            max_pdu=entity.maximum_pdu_size,
            evt_handlers=[
                (evt.EVT_CONN_OPEN, disable_nagle),
                (evt.EVT_CONN_OPEN, _limit_sending, [destination.timeout_s]),
                *handlers,
            ],
        )
    except (OSError, UnicodeError) as error:
        # pynetdicom resolves the name before it does anything of which it names the failure.
        raise _unreachable(destination) from error


def accepted(association: Association) -> set[Syntax]:
    """Return the pairs of SOP class and transfer syntax that the peer takes."""
    return {
        (str(context.abstract_syntax), str(context.transfer_syntax[0]))
        for context in association.accepted_contexts
    }


def require_contexts(association: Association, syntaxes: Sequence[Syntax]) -> None:
    """Insist on all presentation contexts.

    Raises
    ------
    SendError
        ``CONTEXT_REJECTED`` with the names of the SOP classes.
    """
    if not accepted(association).issuperset(syntaxes):
        raise _context_error(association)


def _limit_sending(event: Event, timeout_s: float) -> None:
    """Bound each write: pynetdicom's thread would wait for ever on a peer that stops reading."""
    connection = event.assoc.dul.socket.socket
    if connection is not None:
        whole, part = divmod(timeout_s, 1)
        limit = struct.pack("ll", int(whole), int(part * 1e6))
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)


def _keep_answers(association: Association) -> threading.Lock:
    """Give an answer back that pynetdicom's reactor took by mistake.

    In pynetdicom 3.0.4 the reactor thread may still be on its way out of a pause when
    ``send_c_store`` believes it to be paused; it then takes the answer, drops it as
    unexpected, and the sender waits in vain. Seen once in some 10,000 objects.

    Returns
    -------
    held as long as a request of the peer's is being served
        That is done on a thread of its own. A release meanwhile would overtake our answer, or
        wait for ever for a pause that the serving thread has ended.
    """
    serve, serving = association._serve_request, threading.Lock()

    def serve_or_put_back(message: Any, context_id: int) -> None:
        if message.is_valid_request:
            with serving:
                serve(message, context_id)
        else:
            association.dimse.msg_queue.put((context_id, message))

    association._serve_request = serve_or_put_back
    return serving


def _refused(association: Association, destination: Destination) -> SendError:
    if association.is_rejected:
        answer = association.acceptor.primitive
        return SendError(SendFailure.ASSOCIATION_REJECTED, str(answer.reason_str))
    if association.rejected_contexts:
        return _context_error(association)
    return _unreachable(destination)


def _unreachable(destination: Destination) -> SendError:
    return SendError(SendFailure.UNREACHABLE, f"{destination.host}:{destination.port}")


def _context_error(association: Association) -> SendError:
    refused = {context.abstract_syntax.name for context in association.rejected_contexts}
    return SendError(SendFailure.CONTEXT_REJECTED, ", ".join(sorted(refused)))
