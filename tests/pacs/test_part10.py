from io import BytesIO
from pathlib import Path

import pydicom
import pytest
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage

from pacs.part10 import FileMeta, FileMetaError, encode_header, read_meta, seek_data_set

META = FileMeta(MRImageStorage, "1.2.3.4", ExplicitVRLittleEndian, "SENDER", "SPINEMAP")


def test_header_is_read_back_by_us_and_by_pydicom(tmp_path: Path) -> None:
    path = tmp_path / "a.dcm"
    path.write_bytes(encode_header(META))
    assert read_meta(path) == META
    meta = pydicom.dcmread(path).file_meta
    assert meta.SourceApplicationEntityTitle == "SENDER"
    assert meta.ReceivingApplicationEntityTitle == "SPINEMAP"


def test_data_set_begins_right_behind_the_header() -> None:
    file = BytesIO(encode_header(META) + b"DATA SET")
    seek_data_set(file)
    assert file.read() == b"DATA SET"


def test_foreign_bytes_are_no_dicom_file(tmp_path: Path) -> None:
    path = tmp_path / "a.dcm"
    path.write_bytes(b"not DICOM" * 100)
    with pytest.raises(FileMetaError):
        read_meta(path)
    with pytest.raises(FileMetaError), path.open("rb") as file:
        seek_data_set(file)


@pytest.mark.parametrize(
    ("place", "damage"),
    # Behind the group length: its VR's length, and the VR of the third element.
    [(138, b"\x04\xa2"), (196, b"U ")],
    ids=["a length that does not fit", "a representation that is none"],
)
def test_damaged_header_is_no_file_meta_information(
    tmp_path: Path, place: int, damage: bytes
) -> None:
    content = bytearray(encode_header(META) + b"DATA SET")
    content[place : place + 2] = damage
    path = tmp_path / "a.dcm"
    path.write_bytes(content)
    with pytest.raises(FileMetaError):
        read_meta(path)


def test_missing_file_is_named_without_its_folder(tmp_path: Path) -> None:
    with pytest.raises(FileMetaError, match=r"^gone\.dcm"):
        read_meta(tmp_path / "gone.dcm")
