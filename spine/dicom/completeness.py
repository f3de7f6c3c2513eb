"""Whether a file holds its whole data set: every length is followed, no value is read.

pydicom reads what is there and only logs where a file was cut, so a study that lost the
end of a transfer would look whole.
"""

import struct
from dataclasses import dataclass
from typing import BinaryIO

_UNDEFINED_LENGTH = 0xFFFFFFFF
_ITEM = 0xFFFEE000
_ITEM_DELIMITATION = 0xFFFEE00D
_SEQUENCE_DELIMITATION = 0xFFFEE0DD

# Value representations with a length of 32 bits in explicit VR (PS3.5 table 7.1-1).
_LONG = frozenset(
    (b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV")
)


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a data set is encoded."""

    is_implicit_vr: bool
    is_little_endian: bool

    def unpack(self, layout: str, data: bytes) -> tuple[int, ...]:
        return struct.unpack(("<" if self.is_little_endian else ">") + layout, data)


def is_whole(file: BinaryIO, encoding: Encoding) -> bool:
    """Follow a data set from the file's position; False if the file ends too early.

    A structure that cannot be followed counts as whole: readers tolerate oddities that
    this walk does not know, and decoding will tell.
    """
    here = file.tell()
    size = file.seek(0, 2)
    file.seek(here)
    try:
        _skip_data_set(file, size, encoding)
    except EOFError:
        return False
    except (ValueError, RecursionError):
        return True
    return True


def _skip_data_set(file: BinaryIO, size: int, encoding: Encoding, *, is_item: bool = False) -> None:
    while head := file.read(8):
        if len(head) < 8:
            if any(head):
                raise EOFError
            return  # padding with zeros
        if _tag(head, encoding) == _ITEM_DELIMITATION:
            return
        _skip_value(file, size, head, encoding)
    if is_item:
        raise EOFError


def _skip_value(file: BinaryIO, size: int, head: bytes, encoding: Encoding) -> None:
    length = _length(file, head, encoding)
    if length != _UNDEFINED_LENGTH:
        if file.seek(length, 1) > size:
            raise EOFError
        return
    # Unknown values of undefined length hold implicit VR (PS3.5 section 6.2.2, note 4).
    inner = Encoding(True, True) if head[4:6] == b"UN" else encoding
    _skip_items(file, size, inner)


def _skip_items(file: BinaryIO, size: int, encoding: Encoding) -> None:
    while True:
        head = file.read(8)
        if len(head) < 8:
            raise EOFError
        tag = _tag(head, encoding)
        (length,) = encoding.unpack("L", head[4:])
        if tag == _SEQUENCE_DELIMITATION:
            return
        if tag != _ITEM:
            raise ValueError("not an item")
        if length == _UNDEFINED_LENGTH:
            _skip_data_set(file, size, encoding, is_item=True)
        elif file.seek(length, 1) > size:
            raise EOFError


def _length(file: BinaryIO, head: bytes, encoding: Encoding) -> int:
    if encoding.is_implicit_vr:
        return encoding.unpack("L", head[4:])[0]
    if head[4:6] in _LONG:
        long = file.read(4)
        if len(long) < 4:
            raise EOFError
        return encoding.unpack("L", long)[0]
    if not head[4:6].isalpha():
        raise ValueError("not a value representation")
    return encoding.unpack("H", head[6:])[0]


def _tag(head: bytes, encoding: Encoding) -> int:
    group, element = encoding.unpack("HH", head[:4])
    return group << 16 | element
