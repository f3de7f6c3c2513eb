"""Storage Commitment Push Model SCU (PS3.4, annex J): has the peer taken over responsibility?

The answer to the question (N-ACTION) only says that it was understood. The result is a request
of the peer's own (N-EVENT-REPORT), on the same association or on a new one, at any time.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pydicom.dataset import Dataset
from pydicom.uid import UID, ExplicitVRLittleEndian, ImplicitVRLittleEndian
from pynetdicom import AE, evt
from pynetdicom.association import Association
from pynetdicom.events import Event, EventHandlerType
from pynetdicom.sop_class import (
    StorageCommitmentPushModel,
    StorageCommitmentPushModelInstance,
)

from pacs.association import Destination, SendError, SendFailure, accepted, associate

_LOG = logging.getLogger(__name__)

_MODEL = str(StorageCommitmentPushModel)
_TRANSFER_SYNTAXES = [str(ExplicitVRLittleEndian), str(ImplicitVRLittleEndian)]
_SYNTAXES = [(_MODEL, syntax) for syntax in _TRANSFER_SYNTAXES]
# PS3.4, J.3.2: action type of a request.
_REQUEST = 1
# PS3.7, annex C: no such SOP class, SOP class not supported, unrecognized operation.
_NOT_OFFERED = (0x0118, 0x0122, 0x0211)
_SUCCESS, _PROCESSING_FAILURE, _INVALID_ARGUMENT = 0x0000, 0x0110, 0x0115
_POLL_S = 0.1


@dataclass(frozen=True, slots=True)
class Report:
    """What a peer says of one transaction (PS3.4, table J.3-2).

    Attributes
    ----------
    committed : SOP instance UIDs that the peer has taken over
    failed : failure reason (PS3.3, C.14.1.1) by SOP instance UID
    """

    transaction_uid: str
    committed: tuple[str, ...]
    failed: dict[str, int]


# Must be durable when it returns; an OSError asks the peer to say it again.
OnReport = Callable[[Report], None]


def request_commitment(
    destination: Destination,
    transaction_uid: str,
    objects: Sequence[tuple[str, str]],
    on_report: OnReport,
    wait_s: float,
) -> None:
    """Ask a peer to commit, and wait a while for its report on the same association.

    Parameters
    ----------
    objects : SOP class UID and SOP instance UID of each
    on_report : called, on another thread, where the report comes on this association
    wait_s : how long to wait; a report that comes later comes on a new association

    Raises
    ------
    SendError
        ``CONTEXT_REJECTED`` where the peer does not offer commitment,
        ``COMMITMENT_REFUSED`` with the status of its answer, or where there is none.
    """
    reported = threading.Event()

    def receive(report: Report) -> None:
        on_report(report)
        if report.transaction_uid == transaction_uid:
            reported.set()

    handler: EventHandlerType = (evt.EVT_N_EVENT_REPORT, _answer, [receive])
    with associate(destination, _SYNTAXES, [handler], idle_s=wait_s) as association:
        if not accepted(association):
            raise SendError(SendFailure.CONTEXT_REJECTED, UID(_MODEL).name)
        _ask(association, _action_information(transaction_uid, objects))
        deadline = time.monotonic() + wait_s
        while association.is_established and time.monotonic() < deadline:
            if reported.wait(_POLL_S):
                break


def accept_reports(entity: AE, on_report: OnReport) -> list[EventHandlerType]:
    """Let peers that open an association report on it, as SCP of the service class.

    Parameters
    ----------
    entity : gets the presentation context, with both roles (PS3.7, D.3.3.4)

    Returns
    -------
    handlers to be given to the server
    """
    entity.add_supported_context(_MODEL, _TRANSFER_SYNTAXES, scu_role=True, scp_role=True)
    return [(evt.EVT_N_EVENT_REPORT, _answer, [on_report])]


def _ask(association: Association, information: Dataset) -> None:
    try:
        answer, _reply = association.send_n_action(
            information, _REQUEST, _MODEL, StorageCommitmentPushModelInstance
        )
    except RuntimeError as error:  # pynetdicom's word for an association that has ended
        raise SendError(SendFailure.ABORTED, "before N-ACTION") from error
    if "Status" not in answer:
        # What Orthanc does to an application entity to which it knows no way back.
        raise SendError(SendFailure.COMMITMENT_REFUSED, "no answer to N-ACTION")
    status = int(answer.Status)
    if status in _NOT_OFFERED:
        raise SendError(SendFailure.CONTEXT_REJECTED, f"0x{status:04X}")
    if status != _SUCCESS:
        raise SendError(SendFailure.COMMITMENT_REFUSED, f"0x{status:04X}")


def _action_information(transaction_uid: str, objects: Sequence[tuple[str, str]]) -> Dataset:
    """Return the Action Information (PS3.4, table J.3-1)."""
    information = Dataset()
    information.TransactionUID = transaction_uid
    information.ReferencedSOPSequence = []
    for sop_class, sop_instance in objects:
        item = Dataset()
        item.ReferencedSOPClassUID = sop_class
        item.ReferencedSOPInstanceUID = sop_instance
        information.ReferencedSOPSequence.append(item)
    return information


def _answer(event: Event, on_report: OnReport) -> tuple[int, None]:
    try:
        report = _report(event.event_information)
    except Exception:  # noqa: BLE001 - a parser fed with foreign bytes raises anything
        _LOG.warning("a storage commitment report could not be understood")
        return _INVALID_ARGUMENT, None
    try:
        on_report(report)
    except OSError as error:
        _LOG.error("a storage commitment report could not be kept: %s", error.strerror)
        return _PROCESSING_FAILURE, None
    return _SUCCESS, None


def _report(information: Dataset) -> Report:
    committed = information.get("ReferencedSOPSequence") or ()
    failed = information.get("FailedSOPSequence") or ()
    return Report(
        str(information.TransactionUID),
        tuple(str(item.ReferencedSOPInstanceUID) for item in committed),
        {str(item.ReferencedSOPInstanceUID): int(item.get("FailureReason", 0)) for item in failed},
    )
