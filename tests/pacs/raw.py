"""A sender that does what no library would: half instances, odd fragments, false lengths."""

import struct
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage
from pynetdicom import AE
from pynetdicom.association import Association
from pynetdicom.dimse_messages import C_STORE_RQ
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.presentation import build_context

from pacs.part10 import FileMeta, encode_header
from pacs.sender import Destination


def associate(destination: Destination) -> Association:
    association = AE(destination.calling_ae_title).associate(
        destination.host,
        destination.port,
        contexts=[build_context(MRImageStorage, [ExplicitVRLittleEndian])],
        ae_title=destination.ae_title,
    )
    assert association.is_established
    return association


def command(uid: str, priority: int = 2) -> bytes:
    """Return the command set of a C-STORE request."""
    request = C_STORE()
    request.MessageID, request.Priority = 1, priority
    request.AffectedSOPClassUID, request.AffectedSOPInstanceUID = MRImageStorage, uid
    request.DataSet = BytesIO(b"-")
    message = C_STORE_RQ()
    message.primitive_to_message(request)
    return bytes(next(message.encode_msg(1, 0)).presentation_data_value_list[0][1][1:])


def pdu(*values: tuple[int, bytes]) -> bytes:
    """Return a P-DATA-TF PDU of values, each with its control header."""
    items = b"".join(
        struct.pack(">IBB", len(content) + 2, 1, control) + content for control, content in values
    )
    return struct.pack(">BBI", 4, 0, len(items)) + items


def send_raw(association: Association, chunks: Sequence[bytes]) -> None:
    connection = association.dul.socket.socket
    for chunk in chunks:
        connection.sendall(chunk)


def answer(association: Association) -> int:
    """Wait for the response and return its status."""
    _, response = association.dimse.get_msg(block=True)
    return int(response.Status)


def encode_data_set(uid: str, study: str = "1.2.3") -> bytes:
    """Return what is needed to file an instance, in explicit VR little endian."""
    values = {(0x0008, 0x0016): str(MRImageStorage), (0x0008, 0x0018): uid, (0x0020, 0x000D): study}
    encoded = b""
    for (group, element), value in values.items():
        content = value.encode() + b"\0" * (len(value) % 2)
        encoded += struct.pack("<HH2sH", group, element, b"UI", len(content)) + content
    return encoded


def write_instances(folder: Path, uids: Sequence[str]) -> list[Path]:
    """Write small instances of one study."""
    paths = [folder / f"{uid}.dcm" for uid in uids]
    for path, uid in zip(paths, uids, strict=True):
        meta = FileMeta(str(MRImageStorage), uid, str(ExplicitVRLittleEndian))
        path.write_bytes(encode_header(meta) + encode_data_set(uid))
    return paths
