"""How bytes come in: from the socket to a file, without a whole data set in memory.

pynetdicom negotiates, answers C-ECHO, releases and aborts. C-STORE passes it by: it would
hold every data set in memory, or write it to the system's temporary folder, raise in its
network thread when the disk is full, and leave the file behind when an association is
aborted; and look for data only every millisecond (docs/adr/0060).
"""

import queue
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pynetdicom.association import Association
from pynetdicom.dimse import DIMSEServiceProvider
from pynetdicom.events import Event
from pynetdicom.pdu_primitives import P_DATA

from pacs.command import StoreRequest, decode_store_request, encode_store_response
from pacs.network import disable_nagle
from pacs.part10 import FileMeta
from pacs.spool import IncomingFile, Spool
from pacs.transport import DATA_TRANSFER, Network, WaitingSocket

# Command sets, and data sets of all but C-STORE requests, are small and stay in memory.
_MAXIMUM_MESSAGE_BYTES = 1 << 20
# Message control header (PS3.8, E.2).
_IS_COMMAND = 0x01
_IS_LAST = 0x02

# How often an association looks at its timers.
_IDLE_INTERVAL_S = 0.1

# Takes a whole instance and whether it is urgent; returns the status to answer with.
Finish = Callable[[IncomingFile, bool], int]

_PRIORITY_HIGH = 1


def prepare_connection(event: Event, spool: Spool, finish: Finish, idle_timeout_s: float) -> None:
    """Make a new association, whose threads do not run yet, receive into `spool`."""
    association = event.assoc
    connection = association.dul.socket.socket
    disable_nagle(event)
    _limit_silence(connection, idle_timeout_s)
    association.dimse = Reception(association, spool, finish)
    association.dul = Network(association, association.dimse.receive_value)
    # Setting them sets the timers of the network thread, which are new.
    association.acse_timeout = association.acse_timeout
    association.network_timeout = idle_timeout_s
    association.dul.socket = WaitingSocket(association, connection, association.dul.wake)


def _limit_silence(connection: socket.socket, seconds: float) -> None:
    """Let no peer that falls silent within a PDU hold a thread for ever.

    The kernel does it: Python's own time limit asks twice before each piece.
    """
    limit = struct.pack("ll", int(seconds), int(seconds % 1 * 1e6))
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)


def wake_association(event: Event) -> None:
    """End the association's wait for messages when data are transferred no more."""
    if event.next_state != DATA_TRANSFER:
        event.assoc.dimse.msg_queue.put((None, None))


def discard_unfinished(event: Event) -> None:
    """Remove what an association that has ended had begun to send."""
    if isinstance(event.assoc.dimse, Reception):
        event.assoc.dimse.discard_unfinished()


@dataclass(slots=True)
class _Incoming:
    """A C-STORE request of which the data set is coming."""

    request: StoreRequest
    context_id: int
    file: IncomingFile


class Reception(DIMSEServiceProvider):  # type: ignore[misc]
    """Puts the data sets of C-STORE requests into files; the rest is pynetdicom's."""

    def __init__(self, association: Association, spool: Spool, finish: Finish) -> None:
        super().__init__(association)
        self._association = association
        self._spool = spool
        self._finish = finish
        self._syntaxes: dict[int, str] = {}
        self._command = bytearray()
        self._incoming: _Incoming | None = None

    def receive_value(self, context_id: int, value: memoryview) -> None:
        """Take a presentation data value, which may complete a message.

        Raises
        ------
        ValueError
            If it cannot be understood: the association must be aborted.
        """
        control = value[0]
        if control & _IS_COMMAND:
            self._receive_command(context_id, value[1:], is_last=bool(control & _IS_LAST))
        elif self._incoming is None:
            self._pass_on(context_id, bytes(value))
        else:
            self._incoming.file.write(value[1:])
            if control & _IS_LAST:
                self._answer(self._incoming)

    def get_msg(self, block: bool = False) -> Any:  # noqa: FBT001, FBT002 - pynetdicom's
        """Return the next message, waiting a little where pynetdicom would return at once."""
        if block:
            return super().get_msg(block)
        try:
            return self.msg_queue.get(timeout=_IDLE_INTERVAL_S)
        except queue.Empty:
            return None, None

    def discard_unfinished(self) -> None:
        """Remove the file of a message whose end will not come."""
        incoming, self._incoming = self._incoming, None
        if incoming is not None:
            incoming.file.close()

    def _receive_command(self, context_id: int, fragment: memoryview, *, is_last: bool) -> None:
        if self._incoming is not None or len(self._command) > _MAXIMUM_MESSAGE_BYTES:
            raise ValueError("a command where none may come, or too long")
        self._command += fragment
        if not is_last:
            return
        command, self._command = bytes(self._command), bytearray()
        request = decode_store_request(command)
        if request is None:
            self._pass_on(context_id, bytes((_IS_COMMAND | _IS_LAST,)) + command)
            return
        file = self._spool.open(self._file_meta(request, context_id))
        self._incoming = _Incoming(request, context_id, file)
        if not request.has_data_set:
            self._answer(self._incoming)

    def _answer(self, incoming: _Incoming) -> None:
        # Whole: from here on the end of the association does not discard it.
        self._incoming = None
        status = self._finish(incoming.file, incoming.request.priority == _PRIORITY_HIGH)
        response = encode_store_response(incoming.request, incoming.context_id, status)
        self._association.dul.socket.send(response)

    def _pass_on(self, context_id: int, value: bytes) -> None:
        message = self.message
        if message is not None and message.data_set.tell() > _MAXIMUM_MESSAGE_BYTES:
            raise ValueError("the data set is too long")
        primitive = P_DATA()
        primitive.presentation_data_value_list = [[context_id, value]]
        self.receive_primitive(primitive)

    def _file_meta(self, request: StoreRequest, context_id: int) -> FileMeta:
        association = self._association
        if not self._syntaxes:
            contexts = association.accepted_contexts
            self._syntaxes = {item.context_id: str(item.transfer_syntax[0]) for item in contexts}
        if context_id not in self._syntaxes:
            raise ValueError("a presentation context that was not accepted")
        negotiated = association.requestor.primitive
        return FileMeta(
            request.sop_class_uid,
            request.sop_instance_uid,
            self._syntaxes[context_id],
            negotiated.calling_ae_title.strip(),
            negotiated.called_ae_title.strip(),
        )
