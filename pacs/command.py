"""C-STORE's two command sets (PS3.7, tables 9.3-1 and 9.3-2), and the PDU of the second.

Decoded and encoded here and not by pynetdicom, which takes longer for it than the disk for the
instance (docs/adr/0060).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

_C_STORE_REQUEST = 0x0001
_C_STORE_RESPONSE = 0x8001
_NO_DATA_SET = 0x0101
# Message control header (PS3.8, E.2): a command, and its last fragment.
_LAST_COMMAND_FRAGMENT = 0x03
_P_DATA = 0x04

_AFFECTED_SOP_CLASS_UID = 0x0002
_COMMAND_FIELD = 0x0100
_MESSAGE_ID = 0x0110
_MESSAGE_ID_BEING_RESPONDED_TO = 0x0120
_PRIORITY = 0x0700
_COMMAND_DATA_SET_TYPE = 0x0800
_STATUS = 0x0900
_AFFECTED_SOP_INSTANCE_UID = 0x1000


@dataclass(frozen=True, slots=True)
class StoreRequest:
    """A C-STORE request without its data set.

    Attributes
    ----------
    priority : 0 medium, 1 high, 2 low
    """

    message_id: int
    sop_class_uid: str
    sop_instance_uid: str
    priority: int
    has_data_set: bool


def decode_store_request(command: bytes) -> StoreRequest | None:
    """Read a command set, in implicit VR little endian (PS3.7, 6.3.1).

    Returns
    -------
    None if it is another command

    Raises
    ------
    ValueError
        If it is no command set.
    """
    elements = dict(_elements(command))
    if _number(elements.get(_COMMAND_FIELD)) != _C_STORE_REQUEST:
        return None
    return StoreRequest(
        _number(elements.get(_MESSAGE_ID)),
        _uid(elements.get(_AFFECTED_SOP_CLASS_UID)),
        _uid(elements.get(_AFFECTED_SOP_INSTANCE_UID)),
        # Required, yet missing from some senders' requests: medium.
        _number(elements.get(_PRIORITY, b"\0\0")),
        _number(elements.get(_COMMAND_DATA_SET_TYPE)) != _NO_DATA_SET,
    )


def encode_store_response(request: StoreRequest, context_id: int, status: int) -> bytes:
    """Return the whole P-DATA-TF PDU (PS3.8, 9.3.5) that answers a request."""
    elements = b"".join(
        (
            _encoded_uid(_AFFECTED_SOP_CLASS_UID, request.sop_class_uid),
            _encoded_number(_COMMAND_FIELD, _C_STORE_RESPONSE),
            _encoded_number(_MESSAGE_ID_BEING_RESPONDED_TO, request.message_id),
            _encoded_number(_COMMAND_DATA_SET_TYPE, _NO_DATA_SET),
            _encoded_number(_STATUS, status),
            _encoded_uid(_AFFECTED_SOP_INSTANCE_UID, request.sop_instance_uid),
        )
    )
    command = struct.pack("<HHII", 0, 0, 4, len(elements)) + elements
    value = struct.pack(">IBB", len(command) + 2, context_id, _LAST_COMMAND_FRAGMENT) + command
    return struct.pack(">BBI", _P_DATA, 0, len(value)) + value


def _elements(command: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield element number and value."""
    position = 0
    while position < len(command):
        try:
            group, element, length = struct.unpack_from("<HHI", command, position)
        except struct.error:
            raise ValueError("a command set ends within an element") from None
        end = position + 8 + length
        if group != 0 or end > len(command):
            raise ValueError("not a command set")
        yield element, command[position + 8 : end]
        position = end


def _number(value: bytes | None) -> int:
    if value is None or len(value) != 2:
        raise ValueError("a command set lacks a number")
    return int.from_bytes(value, "little")


def _uid(value: bytes | None) -> str:
    if value is None or len(value) > 64:
        raise ValueError("a command set lacks a UID")
    return value.rstrip(b"\0 ").decode("ascii")


def _encoded_number(element: int, value: int) -> bytes:
    return struct.pack("<HHIH", 0, element, 2, value)


def _encoded_uid(element: int, uid: str) -> bytes:
    encoded = uid.encode("ascii")
    encoded += b"\0" * (len(encoded) % 2)
    return struct.pack("<HHI", 0, element, len(encoded)) + encoded
