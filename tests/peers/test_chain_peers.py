"""A whole-spine phantom through the shipped models into Orthanc, read back over DICOMweb."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pydicom
import pytest
from dicomweb_client import DICOMwebClient

from app.service.register import Register
from phantom.studies import StudyPlan, write_phantom_study
from tests.app.service.served import free_port, serve, until
from tests.peers.conftest import Orthanc

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


def test_orthanc_holds_segmentation_report_and_picture_of_a_study_sent_by_dcmtk(
    orthanc: Orthanc, program: Callable[[str], str], tmp_path: Path
) -> None:
    if not (ROOT / "models" / "spine-segmentation" / "card.json").is_file():
        pytest.skip("needs the shipped models")
    study = write_phantom_study(tmp_path / "study", 11, StudyPlan(age_years=61.0, sub_slices=1))
    port = free_port()
    served = serve(tmp_path, _site(tmp_path, port, orthanc), ("-m", "app", "serve", "--config"))
    try:
        assert served.first_line.startswith("ready")
        sender = [program("storescu"), "-aet", "MR1", "-aec", "SPINEMAP", "+sd", "+r"]
        subprocess.run([*sender, "127.0.0.1", str(port), str(tmp_path / "study")], check=True)
        register = Register(tmp_path / "data")
        run_id = f"{study.written.study_instance_uid}.1"
        until(lambda: register.outcome(run_id) is not None, 300)
        until(lambda: register.receipt(run_id, "orthanc").is_complete, 60)
        assert served.stop() == 0
    finally:
        served.end()
    client = DICOMwebClient(f"{orthanc.web}/dicom-web")
    theirs = {
        item.SOPInstanceUID: item
        for item in client.retrieve_study(study.written.study_instance_uid)
    }
    ours = [pydicom.dcmread(path) for path in (register.run_folder(run_id) / "dicom").iterdir()]
    assert {item.Modality for item in ours} >= {"SEG", "SR"}
    assert {item.SOPInstanceUID: item for item in ours} == theirs


def _site(folder: Path, port: int, orthanc: Orthanc) -> dict[str, object]:
    return {
        "storage": {"root": str(folder / "data")},
        "quiet_time_s": 1.0,
        "listener": {
            "port": port,
            "peers": [{"ae_title": "MR1", "addresses": ["127.0.0.1"]}],
        },
        "web": {"port": free_port()},
        "science": {"minimum_evidence": "synthetic"},
        "destinations": [
            {
                "name": "orthanc",
                "host": "127.0.0.1",
                "port": orthanc.dicom_port,
                "ae_title": "ORTHANC",
            }
        ],
    }
