"""One file read as an instance: its header, the hash of its data set, and whether it is whole."""

import hashlib
import struct
from io import BufferedReader
from pathlib import Path

from pydicom import Dataset, dcmread
from pydicom.errors import BytesLengthException
from pydicom.filereader import read_partial
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, MediaStorageDirectoryStorage

from spine.dicom.completeness import Encoding, is_whole
from spine.dicom.elements import READ_ERRORS, file_meta_of, text_of
from spine.dicom.identifiers import is_uid
from spine.dicom.study import Instance
from spine.errors import Code, UnsuitableSeriesError

# A value longer than this stays in the file and is read when somebody asks for it, so that
# a thousand encapsulated documents do not fill the memory.
_LARGEST_VALUE_IN_MEMORY = 64 * 1024

_SERIES_INSTANCE_UID = 0x0020000E

# What results quote of a study; a file in which it cannot be read is set aside.
_QUOTED = (
    "PatientName",
    "PatientID",
    "IssuerOfPatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "StudyTime",
    "AccessionNumber",
    "StudyID",
    "ReferringPhysicianName",
)


def read_instance(path: Path) -> Instance | None:
    """Read a file's header, all but the pixel data; None for a DICOMDIR, which is only an index.

    Raises
    ------
    UnsuitableSeriesError
        ``NOT_DICOM`` or ``TRUNCATED``; the reason names neither file nor content.
    """
    with path.open("rb") as file:
        header = _read_header(file)
        if text_of(file_meta_of(header), "MediaStorageSOPClassUID") == MediaStorageDirectoryStorage:
            return None
        _require_pixel_data(file, header)
        start = _data_set_start(file, header)
        _require_whole(file, header, start)
        _require_identifiers(header)
        return Instance(path, header, _sha256(file, start))


def _read_header(file: BufferedReader) -> Dataset:
    if not _looks_like_dicom(file):
        raise UnsuitableSeriesError(Code.NOT_DICOM, "a file is not DICOM")
    try:
        header = dcmread(file, _LARGEST_VALUE_IN_MEMORY, stop_before_pixels=True, force=True)
        if _is_deflated(header):  # its values cannot be fetched from the file later on
            file.seek(0)
            header = dcmread(file, stop_before_pixels=True, force=True)
        return header
    except (EOFError, struct.error, BytesLengthException):
        raise UnsuitableSeriesError(Code.TRUNCATED, "a file ends within its header") from None
    except READ_ERRORS:
        raise UnsuitableSeriesError(Code.NOT_DICOM, "a file's header cannot be read") from None


def _looks_like_dicom(file: BufferedReader) -> bool:
    """Accept the prefix of PS3.10 section 7.1, or a bare data set beginning at group 2 or 8."""
    start = file.read(132)
    file.seek(0)
    return start[128:] == b"DICM" or start[:2] in (b"\x02\x00", b"\x08\x00")


def _require_identifiers(header: Dataset) -> None:
    if max(header.keys(), default=0) < _SERIES_INSTANCE_UID:
        raise UnsuitableSeriesError(Code.TRUNCATED, "a file ends before its identifiers")
    for keyword in ("SOPClassUID", "SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"):
        if not is_uid(text_of(header, keyword)):
            raise UnsuitableSeriesError(Code.NOT_DICOM, f"a file has no valid {keyword}")
    for keyword in _QUOTED:
        try:
            header.get(keyword)
        except READ_ERRORS:
            raise UnsuitableSeriesError(Code.NOT_DICOM, f"a malformed {keyword}") from None


def _require_pixel_data(file: BufferedReader, header: Dataset) -> None:
    """Refuse an image whose file ends where the header does; `file` stands there."""
    is_image = "Rows" in header or UID(text_of(header, "SOPClassUID")).name.endswith(
        "Image Storage"
    )
    is_at_end = file.tell() == file.seek(0, 2)
    if is_image and is_at_end and not _is_deflated(header):
        raise UnsuitableSeriesError(Code.TRUNCATED, "an image ends before its pixel data")


def _require_whole(file: BufferedReader, header: Dataset, start: int) -> None:
    file.seek(start)
    # A deflated data set has been inflated to its end already.
    if not (_is_deflated(header) or is_whole(file, Encoding(*header.original_encoding))):
        raise UnsuitableSeriesError(Code.TRUNCATED, "a file ends before its data set does")


def _is_deflated(header: Dataset) -> bool:
    return text_of(file_meta_of(header), "TransferSyntaxUID") == DeflatedExplicitVRLittleEndian


def _data_set_start(file: BufferedReader, header: Dataset) -> int:
    """Return where the data set begins, behind the file meta information."""
    if _is_deflated(header):
        # Preamble and prefix, the element that tells the length, and what it tells.
        return 132 + 12 + int(text_of(file_meta_of(header), "FileMetaInformationGroupLength") or 0)
    file.seek(0)
    read_partial(file, stop_when=lambda *_: True, force=True)
    return file.tell()


def _sha256(file: BufferedReader, start: int) -> str:
    """Hash the data set without the file meta information, which names the last sender."""
    file.seek(start)
    return hashlib.file_digest(file, "sha256").hexdigest()
