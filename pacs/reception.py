"""How bytes come in: from the socket to a file, without a whole data set in memory.

pynetdicom negotiates, answers C-ECHO, releases and aborts. C-STORE passes it by: it would
hold every data set in memory, or write it to the system's temporary folder, raise in its
network thread when the disk is full, and leave the file behind when an association is
aborted; and look for data only every millisecond (docs/adr/0060).
"""

import os
import queue
import select
import socket
import struct
import time
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from pynetdicom.association import Association
from pynetdicom.dimse import DIMSEServiceProvider
from pynetdicom.dul import DULServiceProvider
from pynetdicom.events import Event
from pynetdicom.pdu_primitives import P_DATA
from pynetdicom.transport import AssociationSocket

from pacs.command import StoreRequest, decode_store_request, encode_store_response
from pacs.network import MAXIMUM_PDU_SIZE, disable_nagle
from pacs.part10 import FileMeta
from pacs.spool import IncomingFile, Spool

# Command sets, and data sets of all but C-STORE requests, are small and stay in memory.
_MAXIMUM_MESSAGE_BYTES = 1 << 20
# An A-ASSOCIATE request may be longer than the PDUs that it negotiates.
_LONGEST_PDU_BYTES = MAXIMUM_PDU_SIZE + (64 << 10)
# Room for one PDU that is not whole yet and for what follows it.
_BUFFER_BYTES = 2 * _LONGEST_PDU_BYTES
_PDU_HEADER_BYTES = 6
_P_DATA_TF = 0x04
_DATA_TRANSFER = "Sta6"
# Message control header (PS3.8, E.2).
_IS_COMMAND = 0x01
_IS_LAST = 0x02

# How often the network thread and the association look at their timers.
_TIMER_INTERVAL_MS = 50
_IDLE_INTERVAL_S = 0.1
_CLOSED_INTERVAL_S = 0.001

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
    association.dul = _Network(association)
    # Setting them sets the timers of the network thread, which are new.
    association.acse_timeout = association.acse_timeout
    association.network_timeout = idle_timeout_s
    association.dul.socket = _WaitingSocket(association, connection, association.dul.wake)


def _limit_silence(connection: socket.socket, seconds: float) -> None:
    """Let no peer that falls silent within a PDU hold a thread for ever.

    The kernel does it: Python's own time limit asks twice before each piece.
    """
    limit = struct.pack("ll", int(seconds), int(seconds % 1 * 1e6))
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, limit)


def wake_association(event: Event) -> None:
    """End the association's wait for messages when data are transferred no more."""
    if event.next_state != _DATA_TRANSFER:
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
        contexts = {item.context_id: item for item in association.accepted_contexts}
        if context_id not in contexts:
            raise ValueError("a presentation context that was not accepted")
        negotiated = association.requestor.primitive
        return FileMeta(
            request.sop_class_uid,
            request.sop_instance_uid,
            str(contexts[context_id].transfer_syntax[0]),
            negotiated.calling_ae_title.strip(),
            negotiated.called_ae_title.strip(),
        )


class _Network(DULServiceProvider):  # type: ignore[misc]
    """pynetdicom's network thread, which gives P-DATA to `Reception` and sleeps no more.

    Attributes
    ----------
    wake : eventfd, readable when something is to be sent
    """

    def __init__(self, association: Association) -> None:
        super().__init__(association)
        self.wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        weakref.finalize(self, os.close, self.wake)
        # The socket waits instead.
        self._run_loop_delay = 0

    def send_pdu(self, primitive: Any) -> None:
        """Queue a primitive and end the wait for data."""
        super().send_pdu(primitive)
        os.eventfd_write(self.wake, 1)

    def _read_pdu_data(self) -> None:
        if not self._is_transferring() or not self.socket.fill():
            super()._read_pdu_data()
            return
        try:
            while (pdu := self.socket.take_data()) is not None:
                for context_id, value in _values(pdu):
                    self.assoc.dimse.receive_value(context_id, value)
        except ValueError:
            # Unrecognized or invalid PDU: the state machine aborts.
            self.event_queue.put("Evt19")

    def _is_transferring(self) -> bool:
        return bool(self.state_machine.current_state == _DATA_TRANSFER)


class _WaitingSocket(AssociationSocket):  # type: ignore[misc]
    """Waits for data where pynetdicom looks for it every millisecond; reads large pieces."""

    def __init__(self, association: Association, connection: socket.socket, wake: int) -> None:
        super().__init__(association, client_socket=connection)
        self._wake = wake
        self._poll = select.poll()
        self._poll.register(connection, select.POLLIN)
        self._poll.register(wake, select.POLLIN)
        self._buffer = bytearray(_BUFFER_BYTES)
        self._start = self._end = 0

    @property
    def ready(self) -> bool:
        """Wait for data, for something to send, or until timers are due to be looked at."""
        if self._next_type() not in {None, _P_DATA_TF}:
            return True
        if self.socket is None or not self._is_connected:
            time.sleep(_CLOSED_INTERVAL_S)
            return False
        found = dict(self._poll.poll(_TIMER_INTERVAL_MS))
        if found.pop(self._wake, 0):
            os.eventfd_read(self._wake)
        return bool(found)

    def fill(self) -> bool:
        """Read what has come into the buffer; False if data cannot be next."""
        if self._next_type() not in {None, _P_DATA_TF}:
            return False
        if self._start:
            rest = self._buffer[self._start : self._end]
            self._buffer[: len(rest)] = rest
            self._start, self._end = 0, len(rest)
        try:
            room = memoryview(self._buffer)[self._end :]
            count = self.socket.recv_into(room, flags=socket.MSG_DONTWAIT)
        except BlockingIOError:
            return True
        except OSError:
            return False
        self._end += count
        return count > 0 and self._next_type() in {None, _P_DATA_TF}

    def take_data(self) -> memoryview | None:
        """Return the items of a P-DATA-TF PDU out of the buffer, None if it is not whole yet.

        Raises
        ------
        ValueError
            If it is longer than was negotiated.
        """
        start = self._start + _PDU_HEADER_BYTES
        if self._end < start or self._next_type() != _P_DATA_TF:
            return None
        end = start + int.from_bytes(self._buffer[start - 4 : start], "big")
        if end - self._start > _LONGEST_PDU_BYTES:
            raise ValueError("a PDU longer than was negotiated")
        if end > self._end:
            return None
        self._start = end
        return memoryview(self._buffer)[start:end]

    def recv(self, nr_bytes: int) -> bytearray:
        """Read so many bytes, fewer where the peer closes before."""
        if nr_bytes > _LONGEST_PDU_BYTES:
            raise OSError("a PDU longer than was negotiated")
        received = self._buffer[self._start : min(self._start + nr_bytes, self._end)]
        self._start += len(received)
        while len(received) < nr_bytes and (rest := self.socket.recv(nr_bytes - len(received))):
            received += rest
        return received

    def _next_type(self) -> int | None:
        return self._buffer[self._start] if self._start < self._end else None


def _values(items: memoryview) -> Iterator[tuple[int, memoryview]]:
    """Yield context and value of each presentation data value item (PS3.8, 9.3.5.1)."""
    while items:
        try:
            length, context_id = struct.unpack_from(">IB", items)
        except struct.error:
            raise ValueError("a PDU ends within an item") from None
        if not 2 <= length <= len(items) - 4:
            raise ValueError("an item longer than its PDU")
        yield context_id, items[5 : 4 + length]
        items = items[4 + length :]
