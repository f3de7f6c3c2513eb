"""Storage SCP: receives instances and hands them over as files, byte for byte as they came."""

import logging
import socket
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from functools import partial
from pathlib import Path
from typing import Any

from pynetdicom import AllStoragePresentationContexts, evt
from pynetdicom.events import Event
from pynetdicom.sop_class import Verification

from pacs.commitment import OnReport, accept_reports
from pacs.network import TRANSFER_SYNTAXES, application_entity, listening_socket
from pacs.part10 import FileMeta
from pacs.peers import Admission
from pacs.reception import discard_unfinished, prepare_connection, wake_association
from pacs.recognition import DataSetFacts, read_facts
from pacs.server import SharedPortServer
from pacs.spool import IncomingFile, Spool

_LOG = logging.getLogger(__name__)

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
    file : header made by us (sender and called AE are in it) and the bytes received
    facts : what the data set says of itself
    is_urgent : whether the request had priority HIGH
    """

    file: IncomingFile
    facts: DataSetFacts
    is_urgent: bool = False

    @property
    def meta(self) -> FileMeta:
        """Return what the request says."""
        return self.file.meta

    @property
    def study_instance_uid(self) -> str | None:
        """Return the study; None where it could not be read."""
        return self.facts.study_instance_uid or None

    @property
    def is_consistent(self) -> bool:
        """Tell whether the data set names the same instance as the request."""
        said = (self.facts.sop_class_uid, self.facts.sop_instance_uid)
        return said == (self.meta.sop_class_uid, self.meta.sop_instance_uid)

    @property
    def header(self) -> bytes:
        """Return preamble and file meta information."""
        return self.file.header

    @property
    def data_set(self) -> bytes:
        """Return the bytes received, all at once: for small instances."""
        return self.file.data_set


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
    store : may rename the file it is given; what it leaves is removed
    spool : where instances lie meanwhile; the system's temporary folder if None
    on_report : takes storage commitment reports too, on associations that peers open
    """

    def __init__(
        self,
        settings: ListenerSettings,
        store: Store,
        spool: Spool | None = None,
        on_report: OnReport | None = None,
    ) -> None:
        self._settings = settings
        self._store = store
        self._spool = spool or Spool(Path(tempfile.gettempdir()))
        self._on_report = on_report
        self._server: SharedPortServer | None = None

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

    def start(self, listening: socket.socket | None = None) -> None:
        """Accept associations on threads of their own.

        Parameters
        ----------
        listening : a port that other processes accept from too; bound here if None
        """
        entity = application_entity(next(iter(self._settings.admission.ae_titles)))
        entity.maximum_associations = self._settings.maximum_associations
        entity.network_timeout = self._settings.idle_timeout_s
        entity.add_supported_context(Verification)
        for context in AllStoragePresentationContexts:
            entity.add_supported_context(context.abstract_syntax, list(TRANSFER_SYNTAXES))
        reports = accept_reports(entity, self._on_report) if self._on_report else []
        self._server = entity.make_server(
            (self._settings.address, self._settings.port),
            evt_handlers=[*self._handlers(), *reports],
            server_class=SharedPortServer,
            listening=listening or listening_socket(self._settings.address, self._settings.port),
        )
        threading.Thread(target=self._server.serve_forever, name="listener", daemon=True).start()

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

    def _handlers(self) -> list[tuple[Any, Callable[[Event], object]]]:
        prepare = partial(
            prepare_connection,
            spool=self._spool,
            finish=self._finish,
            idle_timeout_s=self._settings.idle_timeout_s,
        )
        return [
            (evt.EVT_CONN_OPEN, prepare),
            (evt.EVT_CONN_CLOSE, discard_unfinished),
            (evt.EVT_FSM_TRANSITION, wake_association),
            (evt.EVT_REQUESTED, self._admit),
            (evt.EVT_C_ECHO, _answer_echo),
        ]

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

    def _finish(self, file: IncomingFile, is_urgent: bool) -> int:  # noqa: FBT001 - as passed
        """Hand a whole instance over and return the status to answer with."""
        facts = read_facts(file)
        try:
            return int(self._store(ReceivedInstance(file, facts, is_urgent)))
        except Exception as error:  # noqa: BLE001 - the boundary of the association
            _LOG.error("instance not kept: %s", type(error).__name__)
            return int(StoreStatus.OUT_OF_RESOURCES)
        finally:
            file.discard()


def _answer_echo(_event: Event) -> int:
    return int(StoreStatus.SUCCESS)
