"""An analysis that takes milliseconds, behind the worker's own interface.

What it does follows from the patient id of the first instance. As a program it serves
with this analysis: ``python -m tests.app.service.standin site.yaml``.
"""

import json
import logging
import os
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pydicom
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

from app.service.holds import HOLD_FILE
from app.service.jobs import Analyze, Job
from app.service.records import RunOutcome, State
from spine.errors import Code, InputError, ModelIntegrityError

if TYPE_CHECKING:
    from app.service.server import Service

_PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489"
    "0000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082"
)


def load() -> Analyze:
    return analyze


def load_nothing() -> Analyze:
    raise ModelIntegrityError(Code.MODEL_TAMPERED, "age-dcnn: its files are not those of its card")


def load_if(folder: str) -> Analyze:
    """Load as long as the models' folder is there."""
    if not Path(folder).is_dir():
        raise ModelIntegrityError(Code.MODEL_MISSING, "no models")
    return analyze


def analyze(job: Job) -> RunOutcome:
    paths = sorted(Path(job.input).iterdir())
    header = pydicom.dcmread(paths[0])
    if header.PatientID == "KNEE":
        (Path(job.output) / "results.json").write_text("{}\n")
        return RunOutcome(State.NOTHING_TO_SEND, Code.NO_CANDIDATE.value)
    root = Path(job.output).parents[2]
    if header.PatientID == "UNTIL HELD":
        _wait_for(root / "runs" / job.run_id / HOLD_FILE)
    _misbehave(header.PatientID)
    _misbehave_once(header.PatientID, root)
    return _result(job, header, paths)


def _wait_for(file: Path) -> None:
    """Wait for a command that on a crowded machine takes longer than any analysis here."""
    deadline = time.monotonic() + 60
    while not file.exists() and time.monotonic() < deadline:
        time.sleep(0.05)


def _misbehave(patient: str) -> None:
    match patient:
        case "HANG":
            time.sleep(60)
        case "DIE":
            os.kill(os.getpid(), signal.SIGKILL)
        case "SEGFAULT":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "EAT MEMORY":
            _eat_memory()
        case "REFUSED MEMORY":
            raise MemoryError
        case "TWO PATIENTS":
            raise InputError(Code.TWO_PATIENTS, "two patients")
        case "BUG":
            raise KeyError("Doe^Jane")
        case "SLOW" | "SLOW AND LARGE":
            time.sleep(2)


def _result(job: Job, header: FileDataset, paths: list[Path]) -> RunOutcome:
    """Select the series of the first file, and write about it unless that was done before."""
    headers = [pydicom.dcmread(path) for path in paths]
    series = header.get("SeriesInstanceUID", "")
    selected = [
        item.SOPInstanceUID for item in headers if item.get("SeriesInstanceUID", "") == series
    ]
    revision = 1
    if job.previous is not None and (Path(job.previous) / "results.json").exists():
        earlier = json.loads((Path(job.previous) / "results.json").read_text())
        if earlier["selected"] == selected:
            return RunOutcome(State.NOTHING_TO_SEND, Code.NOTHING_NEW.value)
        revision = earlier["revision"] + 1
    results = {
        "selected": selected,
        "revision": revision,
        "profile": job.profile,
        "models": [{"name": "stand-in", "version": "1.0.0"}],
        "age": {"model": "stand-in"},
    }
    (Path(job.output) / "results.json").write_text(json.dumps(results))
    comment = f"{len(paths)} instances" + (f", revision {revision}" if revision > 1 else "")
    return _write(Path(job.output), header, job.analysis_time, comment)


def _eat_memory() -> None:
    eaten = []
    while True:
        eaten.append(bytearray(os.urandom(1 << 20)) * 16)


def _misbehave_once(patient: str, root: Path) -> None:
    mark = root / {"DIE ONCE": "died", "FAIL ONCE": "failed"}.get(patient, "")
    if mark.exists():
        return
    mark.touch()
    if patient == "FAIL ONCE":
        raise InputError(Code.TRUNCATED, "a file is cut short")
    os.kill(os.getpid(), signal.SIGKILL)


def _write(output: Path, source: FileDataset, analysis_time: str, comment: str) -> RunOutcome:
    capture = FileDataset(None, {}, file_meta=FileMetaDataset(), preamble=b"\0" * 128)
    capture.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    capture.SOPClassUID = SecondaryCaptureImageStorage
    capture.SOPInstanceUID = generate_uid(entropy_srcs=[source.StudyInstanceUID, analysis_time])
    capture.SeriesInstanceUID = f"{capture.SOPInstanceUID[:60]}.1"
    for keyword in ("SpecificCharacterSet", "StudyInstanceUID", "PatientID", "PatientName"):
        setattr(capture, keyword, source.get(keyword, ""))
    capture.Modality = "OT"
    capture.ImageComments = comment
    (output / "dicom").mkdir()
    capture.save_as(output / "dicom" / "summary.dcm", enforce_file_format=True)
    (output / "pictures").mkdir()
    size = 1 << 20 if source.PatientID == "SLOW AND LARGE" else 0
    (output / "pictures" / "summary.png").write_bytes(_PIXEL + bytes(size))
    return RunOutcome(State.WRITTEN, None, ("summary.dcm",))


def main() -> None:
    # Not in the worker, which imports this module too and would start a second later.
    from app.service.server import leave, serve
    from app.settings import load_settings

    logging.basicConfig(level=logging.INFO, stream=sys.stderr)
    settings = load_settings(Path(sys.argv[1]), environ={})
    leave(serve(settings, load, _announce))


def _announce(service: "Service") -> None:
    sys.stdout.write(f"ready {service.inference.worker_pid}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
