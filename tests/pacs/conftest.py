"""Instances and a listener on a free port."""

from collections.abc import Callable, Iterator
from ipaddress import ip_network
from pathlib import Path

import pytest
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian, MRImageStorage, generate_uid

from pacs.listener import Listener, ListenerSettings, ReceivedInstance, StoreStatus
from pacs.peers import Admission, Peer
from pacs.sender import Destination
from pacs.spool import Spool

SENDER = Peer("SENDER", (ip_network("127.0.0.1"),))


class Recorder:
    """A store callback that keeps what it was given and answers as told."""

    def __init__(self) -> None:
        self.received: list[ReceivedInstance] = []
        self.answer = StoreStatus.SUCCESS
        self.hold: Callable[[], object] = lambda: None

    def __call__(self, instance: ReceivedInstance) -> StoreStatus:
        self.received.append(instance)
        self.hold()
        return self.answer


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def listeners() -> Iterator[list[Listener]]:
    """Return the listeners started by `listen`."""
    started: list[Listener] = []
    yield started
    for listener in started:
        listener.stop(grace_s=1)


@pytest.fixture
def listen(recorder: Recorder, listeners: list[Listener]) -> Callable[..., Destination]:
    """Start listeners; each returns where to send to."""

    def start(
        peers: tuple[Peer, ...] = (SENDER,), spool: Spool | None = None, **settings: object
    ) -> Destination:
        admission = Admission(("SPINEMAP", "SPINEMAP2"), peers)
        listener = Listener(
            ListenerSettings("127.0.0.1", 0, admission, **settings),  # type: ignore[arg-type]
            recorder,
            spool,
        )
        listener.start()
        listeners.append(listener)
        return Destination("127.0.0.1", listener.port, "SPINEMAP", "SENDER", timeout_s=5)

    return start


@pytest.fixture
def write_instance(tmp_path: Path) -> Callable[..., Path]:
    """Write small instances; elements may be given by keyword."""

    def write(
        name: str,
        sop_class: str = MRImageStorage,
        syntax: str = ExplicitVRLittleEndian,
        **elements: object,
    ) -> Path:
        meta = FileMetaDataset()
        meta.TransferSyntaxUID = UID(syntax)
        data_set = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
        data_set.SOPClassUID = sop_class
        data_set.SOPInstanceUID = generate_uid()
        data_set.StudyInstanceUID = "1.2.3"
        data_set.PatientID = "P1"
        for keyword, value in elements.items():
            setattr(data_set, keyword, value)
        path = tmp_path / name
        data_set.save_as(path, enforce_file_format=True)
        return path

    return write
