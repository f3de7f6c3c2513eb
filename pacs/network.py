"""What every association of ours shares: AE, sockets, and pynetdicom's process-wide switches."""

import socket

from pydicom.uid import (
    JPEG2000,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)
from pynetdicom import AE, _config
from pynetdicom.events import Event

# Explicit VR first: an acceptor takes the first of its own list that the requestor offers.
TRANSFER_SYNTAXES = (
    ExplicitVRLittleEndian,
    JPEGLosslessSV1,
    JPEGLossless,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
    JPEG2000,
    JPEGLSNearLossless,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    ImplicitVRLittleEndian,
)

MAXIMUM_PDU_SIZE = 1 << 20
# Connections that wait to be accepted, as when many senders begin at once.
_BACKLOG = 128


def application_entity(ae_title: str) -> AE:
    """Return an application entity with large PDUs that keeps bytes as they are."""
    # A path given to send_c_store is then sent as stored, never decoded and encoded again.
    _config.STORE_SEND_CHUNKED_DATASET = True
    # pynetdicom would format a log line for every PDU, whether or not anybody reads it.
    _config.LOG_HANDLER_LEVEL = "none"
    entity = AE(ae_title)
    entity.maximum_pdu_size = MAXIMUM_PDU_SIZE
    return entity


def disable_nagle(event: Event) -> None:
    """Send small PDUs at once: Nagle and delayed ACK hold a C-STORE up for 40 ms."""
    connection = event.assoc.dul.socket.socket
    if connection is not None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def listening_socket(address: str, port: int) -> socket.socket:
    """Bind a port and let connections queue on it, before anybody accepts them.

    Parameters
    ----------
    port : 0 takes a free one

    Raises
    ------
    OSError
        If the address cannot be had.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((address, port))
        listening.listen(_BACKLOG)
    except OSError:
        listening.close()
        raise
    return listening
