"""How bytes come in: from the socket to a file, without a whole data set in memory.

pynetdicom's own way to receive in chunks (``STORE_RECV_CHUNKED_DATASET``) writes to the
system's temporary folder, raises in the network thread when the disk is full, and leaves
the file behind when an association is aborted; docs/adr/0060.
"""

import socket
from functools import partial
from io import BytesIO

from pydicom.uid import UID
from pynetdicom.association import Association
from pynetdicom.dimse import DIMSEServiceProvider
from pynetdicom.dimse_messages import C_STORE_RQ, DIMSEMessage
from pynetdicom.events import Event
from pynetdicom.pdu_primitives import P_DATA

from pacs.network import MAXIMUM_PDU_SIZE, disable_nagle
from pacs.part10 import FileMeta
from pacs.spool import IncomingFile, Spool

# Command sets, and data sets of all but C-STORE requests, are small and stay in memory.
_MAXIMUM_MESSAGE_BYTES = 1 << 20
# An A-ASSOCIATE request may be longer than the PDUs that it negotiates.
_LONGEST_PDU_BYTES = MAXIMUM_PDU_SIZE + (64 << 10)


def prepare_connection(event: Event, spool: Spool, idle_timeout_s: float) -> None:
    """Make a new association receive into `spool`, and its socket read in large pieces."""
    association = event.assoc
    association.dimse = Reception(association, spool)
    connection = association.dul.socket.socket
    if connection is None:
        return
    disable_nagle(event)
    # A peer that falls silent in the middle of a PDU would hold the thread for ever.
    connection.settimeout(idle_timeout_s)
    association.dul.socket.recv = partial(_receive_exactly, connection)


def discard_unfinished(event: Event) -> None:
    """Remove what an association that has ended had begun to send."""
    association = event.assoc
    if isinstance(association.dimse, Reception):
        association.dimse.discard_unfinished()


def incoming_file(event: Event) -> IncomingFile:
    """Return the file of a C-STORE request."""
    data_set = event.request.DataSet
    if not isinstance(data_set, _DataSet):
        raise TypeError("the association was not prepared")
    return data_set.file


class Reception(DIMSEServiceProvider):  # type: ignore[misc]
    """Puts the data sets of C-STORE requests into files as their fragments come."""

    def __init__(self, association: Association, spool: Spool) -> None:
        super().__init__(association)
        self.message: DIMSEMessage | None = None
        self._spool = spool
        self._unfinished: _DataSet | None = None

    def receive_primitive(self, primitive: P_DATA) -> None:
        """Take a P-DATA primitive, which may complete a message."""
        message: DIMSEMessage | None = self.message
        if message is None:
            self.message = message = DIMSEMessage()
            message.data_set = _DataSet(message, self.assoc, self._spool)
            self._unfinished = message.data_set
        super().receive_primitive(primitive)
        if self.message is None:
            self._unfinished = None
        elif message.encoded_command_set.tell() > _MAXIMUM_MESSAGE_BYTES:
            raise ValueError("the command set is too long")

    def discard_unfinished(self) -> None:
        """Remove the file of a message whose end will not come."""
        unfinished, self._unfinished = self._unfinished, None
        if unfinished is not None:
            unfinished.discard()


class _DataSet(BytesIO):
    """What pynetdicom takes for its buffer: for a C-STORE request it writes to a file."""

    def __init__(self, message: DIMSEMessage, association: Association, spool: Spool) -> None:
        super().__init__()
        self._message = message
        self._association = association
        self._spool = spool
        self._file: IncomingFile | None = None

    @property
    def file(self) -> IncomingFile:
        """Return the file; it is opened with the first bytes."""
        if self._file is None:
            self._file = self._spool.open(_file_meta(self._message, self._association))
        return self._file

    def write(self, fragment: bytes, /) -> int:  # type: ignore[override]
        if isinstance(self._message, C_STORE_RQ):
            self.file.write(fragment)
            return len(fragment)
        if self.tell() + len(fragment) > _MAXIMUM_MESSAGE_BYTES:
            raise ValueError("the data set is too long")
        return super().write(fragment)

    def discard(self) -> None:
        if self._file is not None:
            self._file.discard()


def _file_meta(message: DIMSEMessage, association: Association) -> FileMeta:
    command = message.command_set
    context = association._accepted_cx[message.context_id]
    request = association.requestor.primitive
    return FileMeta(
        str(UID(command.get("AffectedSOPClassUID", ""))),
        str(UID(command.get("AffectedSOPInstanceUID", ""))),
        str(context.transfer_syntax[0]),
        request.calling_ae_title.strip(),
        request.called_ae_title.strip(),
    )


def _receive_exactly(connection: socket.socket, size: int) -> bytearray:
    """Read `size` bytes, fewer where the peer closes; pynetdicom reads 4 KiB at a time."""
    if size > _LONGEST_PDU_BYTES:
        raise OSError("a PDU longer than was negotiated")
    received = bytearray(size)
    view, count = memoryview(received), 0
    while count < size:
        read = connection.recv_into(view[count:])
        if not read:
            break
        count += read
    view.release()
    del received[count:]
    return received
