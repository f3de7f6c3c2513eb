"""Objects as the bytes of a file; of many frames, what they share is encoded once.

Of a whole spine, hundreds of frames name the same few planes and segments. Encoding each
anew took half the time of writing; the bytes are the same (a test compares them).
"""

import struct
from io import BytesIO

from pydicom import DataElement, Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.tag import BaseTag, Tag

_FRAMES = Tag("PerFrameFunctionalGroupsSequence")
_SEGMENT = Tag("SegmentIdentificationSequence")
_PLANE = Tag("PlanePositionSequence")
_SOURCE = Tag("DerivationImageSequence")
_ITEM = b"\xfe\xff\x00\xe0"


def encode(dataset: Dataset) -> bytes:
    """Return an object in Explicit VR Little Endian as the bytes of a file."""
    if _FRAMES not in dataset:
        return _file(dataset)
    bare = Dataset()
    bare.update(dataset)
    bare.file_meta = dataset.file_meta
    bare[_FRAMES] = DataElement(_FRAMES, "SQ", [])
    head, empty, tail = _file(bare).partition(_sequence(_FRAMES, b""))
    if not empty:
        raise ValueError("the functional groups of the frames have no place in the file")
    frames = _Frames(dataset.SpecificCharacterSet).encode(dataset[_FRAMES])
    return b"".join((head, _sequence(_FRAMES, frames), tail))


class _Frames:
    """Encodes the functional groups of the frames of one object."""

    def __init__(self, charset: str) -> None:
        self._charset = charset
        self._known: dict[tuple[BaseTag, str], bytes] = {}

    def encode(self, frames: DataElement) -> bytes:
        items = [self._frame(frame) for frame in frames.value]
        return b"".join(_ITEM + struct.pack("<I", len(item)) + item for item in items)

    def _frame(self, frame: Dataset) -> bytes:
        return b"".join(self._group(frame, tag) for tag in sorted(frame.keys()))

    def _group(self, frame: Dataset, tag: BaseTag) -> bytes:
        """Encode a functional group; those of one plane, or of one segment, are alike."""
        shared = _shared_by(frame, tag)
        if shared is None:
            return self._encoded(frame[tag])
        key = tag, shared
        if key not in self._known:
            self._known[key] = self._encoded(frame[tag])
        return self._known[key]

    def _encoded(self, element: DataElement) -> bytes:
        alone = Dataset()
        alone[element.tag] = element
        return _explicit(alone, self._charset)


def _shared_by(frame: Dataset, tag: BaseTag) -> str | None:
    """Name what decides a functional group of a frame; None if that is the frame itself."""
    if tag == _SEGMENT:
        return str(frame[tag].value[0].ReferencedSegmentNumber)
    if tag in (_PLANE, _SOURCE) and _PLANE in frame:
        return str(frame[_PLANE].value[0].ImagePositionPatient)
    return None


def _sequence(tag: BaseTag, items: bytes) -> bytes:
    """Put items of known length into a sequence (PS3.5 7.5)."""
    return struct.pack("<HH2sHI", tag.group, tag.element, b"SQ", 0, len(items)) + items


def _file(dataset: Dataset) -> bytes:
    buffer = BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def _explicit(dataset: Dataset, charset: str) -> bytes:
    buffer = DicomBytesIO()
    buffer.is_implicit_VR, buffer.is_little_endian = False, True
    write_dataset(buffer, dataset, charset)
    return buffer.getvalue()
