"""dcmtk sends, the service answers, Orthanc receives, DICOMweb reads back."""

import subprocess
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import httpx
import numpy as np
import pydicom
import pytest
from dicomweb_client import DICOMwebClient
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage

from app.service.register import Register
from pacs.part10 import seek_data_set
from tests.app.service.served import Served, free_port, serve, until
from tests.peers.conftest import Orthanc

pytestmark = pytest.mark.slow

STUDY = "1.2.826.0.1.3680043.10.1"


@pytest.fixture
def study(tmp_path: Path) -> Path:
    folder = tmp_path / "study" / "series"
    folder.mkdir(parents=True)
    for number in range(1, 6):
        _instance(number).save_as(folder / f"IM{number}", enforce_file_format=True)
    return folder.parent


def _instance(number: int) -> FileDataset:
    instance = FileDataset(None, {}, file_meta=FileMetaDataset(), preamble=b"\0" * 128)
    instance.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    instance.SpecificCharacterSet = "ISO_IR 192"
    instance.SOPClassUID = MRImageStorage
    instance.SOPInstanceUID = f"{STUDY}.1.{number}"
    instance.Modality = "MR"
    instance.PatientName = "Παπαδόπουλος^Άννα"
    instance.PatientID = "P1"
    instance.StudyInstanceUID = STUDY
    instance.SeriesInstanceUID = f"{STUDY}.1"
    instance.InstanceNumber = number
    instance.SamplesPerPixel = 1
    instance.PhotometricInterpretation = "MONOCHROME2"
    instance.Rows, instance.Columns = 32, 16
    instance.BitsAllocated, instance.BitsStored, instance.HighBit = 16, 12, 11
    instance.PixelRepresentation = 0
    instance.PixelData = np.full((32, 16), number, np.uint16).tobytes()
    return instance


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def served(tmp_path: Path, orthanc: Orthanc, port: int) -> Iterator[Served]:
    site = {
        "storage": {"root": str(tmp_path / "data")},
        "quiet_time_s": 1.0,
        "listener": {
            "port": port,
            "peers": [{"ae_title": "MR1", "addresses": ["127.0.0.1"]}],
        },
        "web": {"port": free_port()},
        "destinations": [
            {
                "name": "orthanc",
                "host": "127.0.0.1",
                "port": orthanc.dicom_port,
                "ae_title": "ORTHANC",
            }
        ],
    }
    served = serve(tmp_path, site)
    assert served.first_line.startswith("ready")
    yield served
    served.end()


def _send(sender: tuple[str, ...], study: Path, port: int, calling: str = "MR1") -> int:
    titles = ("-aet", calling, "-aec", "SPINEMAP")
    command = [*sender, *titles, "127.0.0.1", str(port), str(study)]
    return subprocess.run(command, capture_output=True, check=False).returncode


def test_study_sent_by_dcmtk_comes_back_to_orthanc_as_results(
    served: Served,
    orthanc: Orthanc,
    study: Path,
    port: int,
    dcmtk_sender: tuple[str, ...],
    tmp_path: Path,
) -> None:
    assert _send(dcmtk_sender, study, port) == 0
    register = Register(tmp_path / "data")
    until(lambda: register.receipt(f"{STUDY}.1", "orthanc").is_complete)
    client = DICOMwebClient(f"{orthanc.web}/dicom-web")
    (found,) = client.search_for_instances(STUDY)
    series, uid = found["0020000E"]["Value"][0], found["00080018"]["Value"][0]
    ours = pydicom.dcmread(register.run_folder(f"{STUDY}.1") / "dicom" / "summary.dcm")
    assert client.retrieve_instance(STUDY, series, uid) == ours
    assert ours.ImageComments == "5 instances"
    assert str(ours.PatientName) == "Παπαδόπουλος^Άννα"
    assert served.stop() == 0


def test_bytes_stored_at_the_pacs_are_those_on_our_disk(
    served: Served,
    orthanc: Orthanc,
    study: Path,
    port: int,
    program: Callable[[str], str],
    tmp_path: Path,
) -> None:
    assert _send((program("storescu"), "+sd", "+r"), study, port) == 0
    register = Register(tmp_path / "data")
    until(lambda: register.receipt(f"{STUDY}.1", "orthanc").is_complete)
    (instance,) = httpx.get(f"{orthanc.web}/instances").json()
    theirs = httpx.get(f"{orthanc.web}/instances/{instance}/file").content
    ours = (register.run_folder(f"{STUDY}.1") / "dicom" / "summary.dcm").read_bytes()
    assert _data_set(theirs) == _data_set(ours)


def _data_set(content: bytes) -> bytes:
    file = BytesIO(content)
    seek_data_set(file)
    return file.read()


def test_instances_are_kept_byte_for_byte_as_dcmtk_sent_them(
    served: Served, study: Path, port: int, program: Callable[[str], str], tmp_path: Path
) -> None:
    # -R: as stored, no conversion of the data set by the sender.
    assert _send((program("storescu"), "-R", "+sd", "+r"), study, port) == 0
    register = Register(tmp_path / "data")
    for path in (study / "series").iterdir():
        uid = pydicom.dcmread(path).SOPInstanceUID
        kept = register.instance_path(STUDY, uid).read_bytes()
        assert _data_set(kept) == _data_set(path.read_bytes())


def test_unknown_calling_title_is_refused(
    served: Served, study: Path, port: int, dcmtk_sender: tuple[str, ...], tmp_path: Path
) -> None:
    assert _send(dcmtk_sender, study, port, calling="STRANGER") != 0
    assert Register(tmp_path / "data").studies() == []
