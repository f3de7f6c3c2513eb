"""Nothing that identifies a patient is logged, whatever the log's form, by the real program."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import httpx
import pytest
import yaml

from app.service.register import Register
from pacs.listener import Listener, ListenerSettings, StoreStatus
from pacs.peers import Admission
from pacs.sender import Destination, send
from phantom.dicom_patient import PatientIdentity
from phantom.protocols import LUMBAR_T2, coarser
from phantom.studies import StudyPlan, write_phantom_study
from tests.app.conftest import Installed
from tests.app.service.served import ROOT, free_port, until

pytestmark = pytest.mark.slow

PATIENT = PatientIdentity(
    name="Wachtelhuber^Zenobia", patient_id="QX-7391-ZEBRA", birth_date=date(1961, 8, 23), sex="F"
)
# The accession number is of the study's seed (phantom.studies).
ACCESSION = "PH90417-0"
SECRETS = ("Wachtelhuber", "Zenobia", "QX-7391", "ZEBRA", "19610823", "1961-08-23", "PH90417")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    plan = StudyPlan(65.0, "F", protocols=(coarser(LUMBAR_T2, 4.0),), sub_slices=1)
    write_phantom_study(folder, 90417, plan, PATIENT)
    return folder


@pytest.fixture
def pacs() -> Iterator[Listener]:
    settings = ListenerSettings("127.0.0.1", 0, Admission(("PACS",), ()))
    listener = Listener(settings, lambda _instance: StoreStatus.SUCCESS)
    listener.start()
    yield listener
    listener.stop()


@pytest.fixture
def broken(study: Path, tmp_path: Path) -> Path:
    """The same patient in files whose pixels, dates and geometry are nonsense."""
    import pydicom

    folder = tmp_path / "broken"
    shutil.copytree(study, folder)
    for number, path in enumerate(sorted(folder.rglob("*.dcm"))):
        data_set = pydicom.dcmread(path)
        data_set.SOPInstanceUID = f"1.2.826.0.1.{number}"
        data_set.file_meta.MediaStorageSOPInstanceUID = data_set.SOPInstanceUID
        data_set.StudyInstanceUID = "1.2.826.0.2"
        data_set.add_new("StudyDate", "LO", PATIENT.name)
        data_set.add_new("PatientAge", "LO", PATIENT.patient_id)
        data_set.PixelData = b"\0\0"
        data_set.save_as(path)
    return folder


@pytest.mark.parametrize("form", ["json", "text"])
def test_log_of_a_served_study_names_no_patient(
    installed: Installed, study: Path, broken: Path, pacs: Listener, tmp_path: Path, form: str
) -> None:
    web = free_port()
    site = yaml.safe_load(installed.site.read_text()) | {
        "storage": {"root": str(tmp_path / "data"), "reserve_bytes": 0},
        "quiet_time_s": 0.5,
        "listener": {"port": 0, "peers": [{"ae_title": "MR1", "addresses": ["127.0.0.1"]}]},
        "web": {"port": web},
        "science": {"minimum_evidence": "synthetic"},
        "destinations": [
            {"name": "pacs", "host": "127.0.0.1", "port": pacs.port, "ae_title": "PACS"}
        ],
    }
    (tmp_path / "site.yaml").write_text(yaml.safe_dump(site))
    command = [sys.executable, "-m", "app", "serve", "--log-format", form]
    command += ["--config", str(tmp_path / "site.yaml")]
    register = Register(tmp_path / "data")
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, cwd=ROOT)
        try:
            assert process.stdout is not None
            ready = re.match(r"ready: DICOM on port (\d+)", process.stdout.readline())
            assert ready is not None
            to = Destination("127.0.0.1", int(ready[1]), "SPINEMAP", "MR1")
            for folder in (study, broken):
                send(sorted(folder.rglob("*.dcm")), to, lambda _stored: None)
            until(lambda: len(_ended(register)) == 2, 120)
            metrics = httpx.get(f"http://127.0.0.1:{web}/metrics").text
            process.terminate()
            rest = process.communicate(timeout=20)[0]
        finally:
            process.kill()
    said = (tmp_path / "log").read_text() + rest + metrics
    assert not [secret for secret in SECRETS if secret.lower() in said.lower()]
    _require_form(form, (tmp_path / "log").read_text())


def _ended(register: Register) -> list[str]:
    if not (register.root / "runs").is_dir():
        return []
    return [run.run_id for run in register.runs() if register.outcome(run.run_id)]


def _require_form(form: str, log: str) -> None:
    assert "opened: " in log
    if form == "json":
        # The graph's native library prints some lines of its own.
        ours = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
        assert {"worker", "serve"} >= {line["process"] for line in ours} >= {"serve"}
        assert all({"timestamp", "level", "logger", "event"} <= set(line) for line in ours)
