"""Rejection notes and real peers: Orthanc gets ours, dcmtk sends us an archive's."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pydicom import dcmread
from pydicom.uid import MRImageStorage

from app.service.delivery import DELIVERED, WITHDRAWN, Delivery
from app.service.delivery.routes import Route
from app.service.recalls import COMMAND, read_recall, recall
from app.service.records import RunOutcome, RunRecord, State
from app.service.register import Register
from pacs.sender import Destination, send
from pacs.stow import StowService
from spine.dicom.rejection import RejectionTitle, read_rejection_note
from tests.app.service.notes import note_dataset
from tests.app.service.served import free_port, serve, until
from tests.peers.conftest import FindProgram, Orthanc
from tests.peers.objects import PICTURE, REPORT, write_object

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("orthanc")]

STUDY = "1.2.826.0.1.3680043.10.4"
RUN = f"{STUDY}.1"
NAMES = ("picture.dcm", "report.dcm")


@pytest.fixture
def register(tmp_path: Path) -> Register:
    register = Register(tmp_path / "data")
    register.prepare()
    record = RunRecord(RUN, "2026-01-02T03:04:05+00:00", "default", (), ("pacs",))
    register.write_run(record)
    _source, output = register.open_work(record)
    (output / "dicom").mkdir()
    for number, (name, kind) in enumerate(zip(NAMES, (PICTURE, REPORT), strict=True)):
        write_object(
            output / "dicom" / name, kind, f"{RUN}.9.{number}", STUDY,
            SeriesInstanceUID=f"{RUN}.8.{number}",
        )  # fmt: skip
    register.close_work(RUN, RunOutcome(State.WRITTEN, None, NAMES))
    return register


@pytest.mark.parametrize("how", ["C-STORE", "STOW-RS"])
def test_orthanc_takes_our_note_on_what_it_has(
    orthanc: Orthanc, register: Register, how: str
) -> None:
    dicom = Destination("127.0.0.1", orthanc.dicom_port, "ORTHANC", "SPINEMAP", timeout_s=10)
    stow = StowService(f"{orthanc.web}/dicom-web", timeout_s=10)
    route = Route(dicom if how == "C-STORE" else stow, rejection_notes=True)
    delivery = Delivery(register, {"pacs": route})
    assert delivery.deliver(RUN, "pacs") == DELIVERED
    recall(register, RUN, RejectionTitle.PATIENT_SAFETY, COMMAND)
    assert delivery.deliver(RUN, "pacs") == WITHDRAWN

    (path,) = (register.run_folder(RUN) / "rejections").iterdir()
    header = dcmread(path)
    found = httpx.post(f"{orthanc.web}/tools/lookup", content=header.SOPInstanceUID).json()
    tags = httpx.get(f"{orthanc.web}/instances/{found[0]['ID']}/tags?simplify").json()
    assert tags["ConceptNameCodeSequence"][0]["CodeValue"] == "113037"
    (evidence,) = tags["CurrentRequestedProcedureEvidenceSequence"]
    rejected = {
        item["ReferencedSOPInstanceUID"]
        for series in evidence["ReferencedSeriesSequence"]
        for item in series["ReferencedSOPSequence"]
    }
    assert rejected == {f"{RUN}.9.0", f"{RUN}.9.1"}
    # In the study of what it rejects, beside it.
    study = httpx.get(f"{orthanc.web}/instances/{found[0]['ID']}/study").json()
    assert len(study["Series"]) == 3


def test_readers_of_dcmtk_accept_our_note(
    program: FindProgram, orthanc: Orthanc, register: Register
) -> None:
    destination = Destination("127.0.0.1", orthanc.dicom_port, "ORTHANC", "SPINEMAP", timeout_s=10)
    delivery = Delivery(register, {"pacs": Route(destination, rejection_notes=True)})
    delivery.deliver(RUN, "pacs")
    recall(register, RUN, RejectionTitle.QUALITY, COMMAND)
    delivery.deliver(RUN, "pacs")
    (path,) = (register.run_folder(RUN) / "rejections").iterdir()
    dumped = subprocess.run(
        [program("dsrdump"), str(path)], check=True, capture_output=True, text=True
    )
    assert '"Rejected for Quality Reasons"' in dumped.stdout
    checked = subprocess.run(
        [program("dciodvfy"), "-new", str(path)], check=False, capture_output=True, text=True
    )
    assert "Error" not in checked.stderr


@pytest.fixture
def served(tmp_path: Path, orthanc: Orthanc) -> Iterator[int]:
    """Serve with a stand-in analysis beside Orthanc; return the listener's port."""
    port = free_port()
    pacs = {"name": "pacs", "host": "127.0.0.1", "port": orthanc.dicom_port}
    site = {
        "storage": {"root": str(tmp_path / "served")},
        "quiet_time_s": 1.0,
        "listener": {"port": port},
        "web": {"port": free_port()},
        "destinations": [
            {**pacs, "ae_title": "ORTHANC", "commitment": False, "rejection_notes": True}
        ],
    }
    served = serve(tmp_path, site)
    assert served.first_line.startswith("ready")
    yield port
    served.end()


def test_note_that_dcmtk_sends_recalls_the_run_and_the_rest_is_analyzed_again(
    program: FindProgram, served: int, orthanc: Orthanc, tmp_path: Path
) -> None:
    images = [
        write_object(
            tmp_path / f"{number}.dcm",
            MRImageStorage,
            f"{STUDY}.0.{number}",
            STUDY,
            SeriesInstanceUID=f"{STUDY}.7",
        )
        for number in (1, 2)
    ]
    ours = Destination("127.0.0.1", served, "SPINEMAP", "MR1", timeout_s=10)
    send(images, ours, lambda _: None)
    register = Register(tmp_path / "served")
    until(lambda: register.receipt(RUN, "pacs").is_complete)

    note = tmp_path / "note.dcm"
    patient = dcmread(images[0])
    document = note_dataset(
        STUDY, f"{STUDY}.0.2", uid=f"{STUDY}.0.3", title="113001", PatientID=patient.PatientID
    )
    document.save_as(note, enforce_file_format=True)
    command = [program("storescu"), "-aec", "SPINEMAP", "127.0.0.1", str(served), str(note)]
    subprocess.run(command, check=True, capture_output=True)

    until(lambda: register.receipt(RUN, "pacs").is_rejected)
    found = read_recall(register, RUN)
    assert found is not None
    assert found.title is RejectionTitle.QUALITY
    until(lambda: register.receipt(f"{STUDY}.2", "pacs").is_complete)
    assert f"{STUDY}.0.2" not in register.run(f"{STUDY}.2").instances
    (path,) = (register.run_folder(RUN) / "rejections").iterdir()
    rejected = read_rejection_note(path)
    assert rejected is not None
    # The picture of the first run; both runs' pictures and the note are at Orthanc.
    assert len(rejected.instances) == 1
    assert len(httpx.get(f"{orthanc.web}/instances").json()) == 3
