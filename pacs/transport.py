"""Under an association: a network thread and a socket that wait for data and read large pieces.

pynetdicom's look for data every millisecond and read 4 KiB at a time (docs/adr/0060).
"""

import os
import select
import socket
import struct
import time
import weakref
from collections.abc import Callable, Iterator
from typing import Any

from pynetdicom.association import Association
from pynetdicom.dul import DULServiceProvider
from pynetdicom.transport import AssociationSocket

from pacs.network import MAXIMUM_PDU_SIZE

# An A-ASSOCIATE request may be longer than the PDUs that it negotiates.
_LONGEST_PDU_BYTES = MAXIMUM_PDU_SIZE + (64 << 10)
# Room for one PDU that is not whole yet and for what follows it.
_BUFFER_BYTES = 2 * _LONGEST_PDU_BYTES
_PDU_HEADER_BYTES = 6
_P_DATA_TF = 0x04
DATA_TRANSFER = "Sta6"

# How often timers are looked at.
_TIMER_INTERVAL_MS = 50
_CLOSED_INTERVAL_S = 0.001

ReceiveValue = Callable[[int, memoryview], None]


class Network(DULServiceProvider):  # type: ignore[misc]
    """pynetdicom's network thread, which gives P-DATA to `Reception` and sleeps no more.

    Parameters
    ----------
    receive_value : takes context and content of each presentation data value; ValueError
        where it does not understand them

    Attributes
    ----------
    wake : eventfd, readable when something is to be sent
    """

    def __init__(self, association: Association, receive_value: ReceiveValue) -> None:
        super().__init__(association)
        self._receive_value = receive_value
        self.wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        weakref.finalize(self, os.close, self.wake)
        # The socket waits instead.
        self._run_loop_delay = 0

    def send_pdu(self, primitive: Any) -> None:
        """Queue a primitive and end the wait for data."""
        super().send_pdu(primitive)
        os.eventfd_write(self.wake, 1)

    def _read_pdu_data(self) -> None:
        # One turn of pynetdicom's loop sleeps, on a busy machine for a millisecond: data that
        # follow each other are taken in one turn.
        while self._is_transferring() and self.socket.fill():
            self._idle_timer.restart()
            if not self._is_understood() or self._kill_thread or not self.socket.ready:
                return
        super()._read_pdu_data()

    def _is_understood(self) -> bool:
        try:
            while (pdu := self.socket.take_data()) is not None:
                for context_id, value in _values(pdu):
                    self._receive_value(context_id, value)
        except ValueError:
            # Unrecognized or invalid PDU: the state machine aborts.
            self.event_queue.put("Evt19")
            return False
        return True

    def _is_transferring(self) -> bool:
        return bool(self.state_machine.current_state == DATA_TRANSFER)


class WaitingSocket(AssociationSocket):  # type: ignore[misc]
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
            # Data wait: an abort must get through to a peer that never stops sending.
            os.eventfd_read(self._wake)
            return False
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
