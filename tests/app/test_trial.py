"""The PACS of our own that takes part in demonstration and acceptance."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage

from app.trial import PEER, play_pacs
from pacs.sender import Destination, SendError, send

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write an instance of this UID."""

    def write(uid: str) -> Path:
        document = FileDataset(None, {}, file_meta=FileMetaDataset(), preamble=b"\0" * 128)
        document.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        document.SOPClassUID, document.SOPInstanceUID = SecondaryCaptureImageStorage, uid
        document.StudyInstanceUID = "1.2.3"
        path = tmp_path / "sent.dcm"
        document.save_as(path, enforce_file_format=True)
        return path

    return write


def _send(path: Path, port: int) -> None:
    send([path], Destination("127.0.0.1", port, PEER, "ANYBODY", timeout_s=5), lambda _: None)


def test_pacs_keeps_what_it_gets_by_its_uid(tmp_path: Path, write: Write) -> None:
    folder = tmp_path / "received"
    folder.mkdir()
    with play_pacs(folder) as listener:
        _send(write("1.2.3.4"), listener.port)
    assert [path.name for path in folder.iterdir()] == ["1.2.3.4.dcm"]


@pytest.mark.filterwarnings("ignore:Invalid value for VR UI")
def test_instance_whose_uid_is_a_path_is_refused_and_written_nowhere(
    tmp_path: Path, write: Write
) -> None:
    folder = tmp_path / "received"
    folder.mkdir()
    path = write("../planted")
    before = sorted(tmp_path.rglob("*"))
    with play_pacs(folder) as listener, pytest.raises(SendError, match="0xC000"):
        _send(path, listener.port)
    assert sorted(tmp_path.rglob("*")) == before
