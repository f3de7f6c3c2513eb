"""The DICOM file format (PS3.10): the header before a data set, written and read."""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.filereader import read_file_meta_info
from pydicom.uid import PYDICOM_IMPLEMENTATION_UID

_PREAMBLE = b"\x00" * 128 + b"DICM"
# The group length element (0002,0000): tag 4, VR 2, length 2, value 4 bytes (PS3.10, 7.1).
_GROUP_LENGTH_END = len(_PREAMBLE) + 12

READ_ERRORS = (
    InvalidDicomError,
    BytesLengthException,
    EOFError,
    OSError,
    ValueError,
    KeyError,
    IndexError,
    TypeError,
    AttributeError,
    NotImplementedError,
    OverflowError,
    RecursionError,
    struct.error,
)
"""What pydicom raises on bytes that are no DICOM file, depending on where they stop making sense.

Repeats `spine.dicom.elements`, which this package does not import.
"""


@dataclass(frozen=True, slots=True)
class FileMeta:
    """What the file meta information says about an instance (PS3.10, table 7.1-1).

    Attributes
    ----------
    source_ae : (0002,0016), who sent it
    receiving_ae : (0002,0018), by which of our names it was received
    """

    sop_class_uid: str
    sop_instance_uid: str
    transfer_syntax_uid: str
    source_ae: str = ""
    receiving_ae: str = ""


class FileMetaError(Exception):
    """A file has no readable file meta information."""


def encode_header(meta: FileMeta) -> bytes:
    """Return preamble, prefix and file meta information; a data set follows directly.

    Written here and not by pydicom, which takes longer for it than the disk for the file.
    """
    elements = [
        b"\x02\x00\x01\x00OB\x00\x00\x02\x00\x00\x00\x00\x01",
        _element(0x0002, b"UI", meta.sop_class_uid),
        _element(0x0003, b"UI", meta.sop_instance_uid),
        _element(0x0010, b"UI", meta.transfer_syntax_uid),
        _element(0x0012, b"UI", PYDICOM_IMPLEMENTATION_UID),
        _element(0x0016, b"AE", meta.source_ae),
        _element(0x0018, b"AE", meta.receiving_ae),
    ]
    content = b"".join(elements)
    group_length = struct.pack("<HH2sHI", 0x0002, 0x0000, b"UL", 4, len(content))
    return _PREAMBLE + group_length + content


def _element(number: int, representation: bytes, value: str) -> bytes:
    """Encode an element of group 2 in explicit VR, of even length; nothing if it is empty."""
    if not value:
        return b""
    encoded = value.encode("ascii", "replace")
    if len(encoded) % 2:
        encoded += b"\0" if representation == b"UI" else b" "
    return struct.pack("<HH2sH", 0x0002, number, representation, len(encoded)) + encoded


def read_meta(path: Path) -> FileMeta:
    """Read the file meta information of a file, nothing else.

    Raises
    ------
    FileMetaError
        If the file cannot be read or is not a DICOM file.
    """
    try:
        elements = read_file_meta_info(path)
        return FileMeta(
            str(elements.MediaStorageSOPClassUID),
            str(elements.MediaStorageSOPInstanceUID),
            str(elements.TransferSyntaxUID),
            str(elements.get("SourceApplicationEntityTitle", "")),
            str(elements.get("ReceivingApplicationEntityTitle", "")),
        )
    except READ_ERRORS as error:
        raise FileMetaError(f"{path.name}: no file meta information") from error


def seek_data_set(file: BinaryIO) -> None:
    """Move to the first byte of the data set, right behind the file meta information.

    Raises
    ------
    FileMetaError
        If the file is no DICOM file, or its meta information has no group length.
    """
    head = file.read(_GROUP_LENGTH_END)
    is_dicom = head[128:132] == b"DICM" and head[132:140] == b"\x02\x00\x00\x00UL\x04\x00"
    if not is_dicom or len(head) < _GROUP_LENGTH_END:
        raise FileMetaError("no file meta information")
    file.seek(_GROUP_LENGTH_END + int.from_bytes(head[140:144], "little"))
