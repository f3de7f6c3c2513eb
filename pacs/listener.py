"""Storage SCP: receives instances and hands them over as the bytes that came."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from io import BytesIO

from pydicom.filereader import read_dataset
from pydicom.tag import BaseTag
from pydicom.uid import UID
from pynetdicom import AllStoragePresentationContexts, evt
from pynetdicom.events import Event
from pynetdicom.sop_class import Verification
from pynetdicom.transport import ThreadedAssociationServer

from pacs.commitment import OnReport, accept_reports
from pacs.network import TRANSFER_SYNTAXES, application_entity, disable_nagle
from pacs.part10 import FileMeta, encode_header
from pacs.peers import Admission

_LOG = logging.getLogger(__name__)

_STUDY_INSTANCE_UID = 0x0020000D
_IDENTIFYING_TAGS = [0x00080016, 0x00080018, _STUDY_INSTANCE_UID]

# A-ASSOCIATE-RJ: rejected permanently, by the service user (PS3.8, table 9-21).
_REJECTED_PERMANENT = 1
_BY_SERVICE_USER = 1


class StoreStatus(IntEnum):
    """Answers to a C-STORE request (PS3.4, table B.2-1)."""

    SUCCESS = 0x0000
    OUT_OF_RESOURCES = 0xA700
    DOES_NOT_MATCH_SOP_CLASS = 0xA900
    CANNOT_UNDERSTAND = 0xC000


@dataclass(frozen=True, slots=True)
class ReceivedInstance:
    """One instance as it came.

    Attributes
    ----------
    study_instance_uid : as the data set says; None where it could not be read
    is_consistent : whether the data set names the same instance as the C-STORE request
    header : preamble and file meta information made by us; sender and called AE are in it
    data_set : the bytes received
    """

    meta: FileMeta
    study_instance_uid: str | None
    is_consistent: bool
    header: bytes
    data_set: bytes


Store = Callable[[ReceivedInstance], StoreStatus]


@dataclass(frozen=True, slots=True)
class ListenerSettings:
    """Where to listen, and for how many and how long.

    Attributes
    ----------
    port : 0 takes a free one
    idle_timeout_s : an association that is silent for longer is aborted
    """

    address: str
    port: int
    admission: Admission
    maximum_associations: int = 16
    idle_timeout_s: float = 60.0


class Listener:
    """Storage SCP with C-ECHO; `store` must be durable before it returns success.

    Parameters
    ----------
    on_report : takes storage commitment reports too, on associations that peers open
    """

    def __init__(
        self, settings: ListenerSettings, store: Store, on_report: OnReport | None = None
    ) -> None:
        self._settings = settings
        self._store = store
        self._on_report = on_report
        self._server: ThreadedAssociationServer | None = None

    @property
    def port(self) -> int:
        """Return the port listened on."""
        if self._server is None:
            raise RuntimeError("the listener has not been started")
        return int(self._server.server_address[1])

    @property
    def is_listening(self) -> bool:
        """Tell whether associations are accepted."""
        return self._server is not None

    def start(self) -> None:
        """Bind the port and accept associations on threads of their own."""
        entity = application_entity(next(iter(self._settings.admission.ae_titles)))
        entity.maximum_associations = self._settings.maximum_associations
        entity.network_timeout = self._settings.idle_timeout_s
        entity.add_supported_context(Verification)
        for context in AllStoragePresentationContexts:
            entity.add_supported_context(context.abstract_syntax, list(TRANSFER_SYNTAXES))
        reports = accept_reports(entity, self._on_report) if self._on_report else []
        self._server = entity.start_server(
            (self._settings.address, self._settings.port),
            block=False,
            evt_handlers=[
                (evt.EVT_CONN_OPEN, disable_nagle),
                (evt.EVT_REQUESTED, self._admit),
                (evt.EVT_C_ECHO, _answer_echo),
                (evt.EVT_C_STORE, self._receive),
                *reports,
            ],
        )

    def stop(self, grace_s: float = 5.0) -> None:
        """Accept nothing more, let running associations end, abort those that do not."""
        server, self._server = self._server, None
        if server is None:
            return
        # Listed before: a closed server no longer knows them.
        associations = server.active_associations
        server.shutdown()
        deadline = time.monotonic() + grace_s
        for association in associations:
            association.join(max(0.0, deadline - time.monotonic()))
            if association.is_alive():
                # abort() waits for its thread, which may itself wait for the disk.
                threading.Thread(target=association.abort, daemon=True).start()

    def _admit(self, event: Event) -> None:
        request = event.assoc.requestor.primitive
        address = event.assoc.requestor.address
        rejection = self._settings.admission.rejection(
            request.called_ae_title, request.calling_ae_title, address
        )
        if rejection is None:
            return
        _LOG.warning(
            "association from %r to %r at %s rejected: %s",
            request.calling_ae_title,
            request.called_ae_title,
            address,
            rejection.name,
        )
        event.assoc.acse.send_reject(_REJECTED_PERMANENT, _BY_SERVICE_USER, rejection)
        event.assoc.kill()

    def _receive(self, event: Event) -> int:
        return int(self._store(_received_instance(event)))


def _answer_echo(_event: Event) -> int:
    return int(StoreStatus.SUCCESS)


def _received_instance(event: Event) -> ReceivedInstance:
    request = event.request
    meta = FileMeta(
        str(request.AffectedSOPClassUID),
        str(request.AffectedSOPInstanceUID),
        str(event.context.transfer_syntax),
        event.assoc.requestor.primitive.calling_ae_title.strip(),
        event.assoc.requestor.primitive.called_ae_title.strip(),
    )
    data_set = event.encoded_dataset(include_meta=False)
    study, sop_class, sop_instance = _identity(data_set, UID(meta.transfer_syntax_uid))
    is_consistent = (sop_class, sop_instance) == (meta.sop_class_uid, meta.sop_instance_uid)
    return ReceivedInstance(meta, study, is_consistent, encode_header(meta), data_set)


def _identity(data_set: bytes, transfer_syntax: UID) -> tuple[str | None, str, str]:
    """Return study, SOP class and SOP instance UID, reading no further than needed."""

    def is_past(tag: BaseTag, _vr: str | None, _length: int) -> bool:
        return int(tag) > _STUDY_INSTANCE_UID

    try:
        elements = read_dataset(
            BytesIO(data_set),
            transfer_syntax.is_implicit_VR,
            transfer_syntax.is_little_endian,
            stop_when=is_past,
            specific_tags=_IDENTIFYING_TAGS,
        )
        study = str(elements.get("StudyInstanceUID", "")) or None
        return study, str(elements.get("SOPClassUID", "")), str(elements.get("SOPInstanceUID", ""))
    except Exception:  # noqa: BLE001 - a parser fed with foreign bytes raises anything
        return None, "", ""
