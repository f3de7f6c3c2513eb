"""Receiving from dcmtk and Orthanc, good input and bad."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage

from app.service.arrivals import Arrival
from app.service.receiver import ReceptionSettings
from app.service.receivers import Receivers
from app.service.register import Register
from pacs.listener import ListenerSettings
from pacs.peers import Admission
from pacs.spool import SpoolLimits
from tests.app.service.served import until
from tests.peers.conftest import Orthanc

pytestmark = pytest.mark.slow

Write = Callable[..., Path]
Send = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def register(tmp_path: Path) -> Register:
    register = Register(tmp_path / "data")
    register.prepare()
    return register


@pytest.fixture
def arrivals() -> list[Arrival]:
    return []


@pytest.fixture
def port(register: Register, arrivals: list[Arrival]) -> Iterator[int]:
    listener = ListenerSettings("127.0.0.1", 0, Admission(("SPINEMAP",), ()))
    limits = SpoolLimits(maximum_bytes=1 << 20)
    receivers = Receivers(ReceptionSettings(listener, limits, 2), register, arrivals.append)
    receivers.start()
    yield receivers.port
    receivers.stop()


@pytest.fixture
def write(tmp_path: Path) -> Write:
    (tmp_path / "study").mkdir()

    def write(uid: str, *, rows: int = 64, **elements: object) -> Path:
        instance = Dataset()
        instance.file_meta = FileMetaDataset()
        instance.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        instance.SOPClassUID, instance.SOPInstanceUID = MRImageStorage, uid
        instance.StudyInstanceUID, instance.SeriesInstanceUID = "1.2.3", "1.2.3.1"
        instance.Modality, instance.PatientID = "MR", "P1"
        instance.SamplesPerPixel, instance.PhotometricInterpretation = 1, "MONOCHROME2"
        instance.Rows, instance.Columns = rows, 512
        instance.BitsAllocated, instance.BitsStored, instance.HighBit = 16, 12, 11
        instance.PixelRepresentation = 0
        instance.PixelData = np.zeros((rows, 512), np.uint16).tobytes()
        for keyword, value in elements.items():
            setattr(instance, keyword, value)
        path = tmp_path / "study" / f"{len(list((tmp_path / 'study').iterdir()))}.dcm"
        instance.save_as(path, enforce_file_format=True)
        return path

    return write


@pytest.fixture
def send(
    program: Callable[[str], str], port: int
) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    def send(*paths: Path) -> "subprocess.CompletedProcess[str]":
        command = [program("storescu"), "-v", "-aec", "SPINEMAP", "127.0.0.1", str(port)]
        return subprocess.run(
            [*command, *map(str, paths)], capture_output=True, text=True, check=False
        )

    return send


def test_oversize_is_refused_by_code_and_the_next_instance_taken(
    send: Send, write: Write, register: Register, arrivals: list[Arrival]
) -> None:
    answer = send(write("1.2.3.4", rows=2048))
    assert "Error: CannotUnderstand" in answer.stdout + answer.stderr
    assert send(write("1.2.3.5")).returncode == 0
    assert register.instances("1.2.3") == ["1.2.3.5"]
    (facts,) = register.aside.iterdir()
    assert "OBJECT_TOO_LARGE" in facts.read_text()
    until(lambda: len(arrivals) == 1)


@pytest.mark.parametrize(
    "elements",
    [{"StudyInstanceUID": "../../x"}, {"StudyInstanceUID": ""}, {"StudyInstanceUID": "1.2..3"}],
    ids=["path", "empty", "no UID"],
)
@pytest.mark.filterwarnings("ignore:Invalid value for VR UI")
def test_instance_of_no_study_is_refused_and_kept_aside(
    send: Send, write: Write, register: Register, elements: dict[str, object]
) -> None:
    answer = send(write("1.2.3.4", **elements))
    assert "Error: CannotUnderstand" in answer.stdout + answer.stderr
    assert register.studies() == []
    assert len(list(register.aside.glob("*.bin"))) == 1


def test_sender_killed_within_an_instance_may_send_again(
    program: Callable[[str], str], port: int, send: Send, write: Write, register: Register
) -> None:
    path = write("1.2.3.4", rows=512)
    options = ["-aec", "SPINEMAP", "--max-send-pdu", "4096", "--repeat", "5000", "+II"]
    sender = subprocess.Popen([program("storescu"), *options, "127.0.0.1", str(port), str(path)])
    until(lambda: len(list(register.root.glob("studies/*/in/*"))) > 3)
    sender.kill()
    sender.wait(20)
    until(lambda: list(register.staging.iterdir()) == [])
    whole = path.stat().st_size
    assert all(
        kept.stat().st_size > whole - 1000 for kept in register.root.glob("studies/*/in/*.dcm")
    )
    assert send(path).returncode == 0
    assert "1.2.3.4" in register.instances("1.2.3")


def test_orthanc_sends_what_we_keep_byte_for_byte(
    orthanc: Orthanc, port: int, write: Write, register: Register, arrivals: list[Arrival]
) -> None:
    paths = [write(f"1.2.3.{number}") for number in range(3)]
    for path in paths:
        httpx.post(f"{orthanc.web}/instances", content=path.read_bytes()).raise_for_status()
    modality = {"AET": "SPINEMAP", "Host": "127.0.0.1", "Port": port}
    httpx.put(f"{orthanc.web}/modalities/spinemap", json=modality).raise_for_status()
    (study,) = httpx.get(f"{orthanc.web}/studies").json()
    for _ in range(2):
        sent = httpx.post(f"{orthanc.web}/modalities/spinemap/store", content=study, timeout=30)
        sent.raise_for_status()
    until(lambda: len(arrivals) == 3)
    assert register.instances("1.2.3") == ["1.2.3.0", "1.2.3.1", "1.2.3.2"]
    assert list(register.aside.iterdir()) == []
    assert {arrival.source_ae for arrival in arrivals} == {"ORTHANC"}
