from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage
from pynetdicom import AE, evt
from pynetdicom.events import Event
from pynetdicom.sop_class import StudyRootQueryRetrieveInformationModelFind

from pacs.association import Destination, SendError, SendFailure
from pacs.part10 import FileMeta, encode_header
from pacs.query import find, read_texts

KEYS = {"QueryRetrieveLevel": "STUDY", "StudyInstanceUID": "1.2.3", "PatientID": ""}


class Archive:
    """A query SCP with a fixed answer."""

    def __init__(self) -> None:
        self.asked: list[Dataset] = []
        self.matches: list[Dataset] = []
        self.status = 0x0000

    def find(self, event: Event) -> Iterator[tuple[int, Dataset | None]]:
        self.asked.append(event.identifier)
        for match in self.matches:
            yield 0xFF00, match
        yield self.status, None


@pytest.fixture
def archive() -> Archive:
    return Archive()


@pytest.fixture
def destination(archive: Archive) -> Iterator[Destination]:
    entity = AE("ARCHIVE")
    entity.add_supported_context(StudyRootQueryRetrieveInformationModelFind)
    handlers = [(evt.EVT_C_FIND, archive.find)]
    server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
    yield Destination("127.0.0.1", server.server_address[1], "ARCHIVE", "SPINEMAP", timeout_s=5)
    server.shutdown()


def _match(patient_id: str, character_set: str = "ISO_IR 192") -> Dataset:
    match = Dataset()
    match.SpecificCharacterSet = character_set
    match.StudyInstanceUID = "1.2.3"
    match.PatientID = patient_id
    return match


def test_every_match_is_returned_with_the_keys_asked_for(
    archive: Archive, destination: Destination
) -> None:
    archive.matches = [_match("A1 "), _match("Ä2", "ISO_IR 100")]
    found = find(destination, {**KEYS, "AccessionNumber": ""})
    assert [match["PatientID"] for match in found] == ["A1", "Ä2"]
    assert {match["AccessionNumber"] for match in found} == {""}
    assert archive.asked[0].StudyInstanceUID == "1.2.3"
    assert archive.asked[0].QueryRetrieveLevel == "STUDY"


def test_nothing_found_is_an_empty_list(destination: Destination) -> None:
    assert find(destination, KEYS) == []


def test_refusal_is_a_named_failure_also_after_matches(
    archive: Archive, destination: Destination
) -> None:
    archive.matches = [_match("A1")]
    archive.status = 0xA700
    with pytest.raises(SendError, match="0xA700") as caught:
        find(destination, KEYS)
    assert caught.value.failure is SendFailure.QUERY_FAILED


def test_peer_that_answers_no_queries_is_a_named_failure(
    listen: Callable[..., Destination],
) -> None:
    with pytest.raises(SendError, match="Study Root") as caught:
        find(listen(), KEYS)
    assert caught.value.failure is SendFailure.CONTEXT_REJECTED


def test_texts_of_a_stored_instance(write_instance: Callable[..., Path]) -> None:
    path = write_instance("a.dcm", PatientID="P1", SpecificCharacterSet="ISO_IR 192")
    assert read_texts(path, ("PatientID", "PatientBirthDate")) == {
        "PatientID": "P1",
        "PatientBirthDate": "",
    }


def test_file_that_is_gone_is_a_named_failure(tmp_path: Path) -> None:
    with pytest.raises(SendError) as caught:
        read_texts(tmp_path / "gone.dcm", ("PatientID",))
    assert caught.value.failure is SendFailure.FILE_UNREADABLE


def test_file_with_a_representation_that_is_none_is_a_named_failure(tmp_path: Path) -> None:
    meta = FileMeta(MRImageStorage, "1.2.3.4", ExplicitVRLittleEndian)
    path = tmp_path / "damaged.dcm"
    # After an element that is sound: the first alone would make it implicit VR.
    content = b"\x08\x00\x16\x00UI\x04\x001.2\x00" + b"\x10\x00\x20\x00XX\x02\x00P1"
    path.write_bytes(encode_header(meta) + content)
    with pytest.raises(SendError) as caught:
        read_texts(path, ("PatientID",))
    assert caught.value.failure is SendFailure.FILE_UNREADABLE
