"""An analysis of known duration, to measure what the service adds: ``python -m bench.standin``."""

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pydicom
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

from app.service.jobs import Analyze, Job
from app.service.records import RunOutcome, State

if TYPE_CHECKING:
    from app.service.server import Service

# Beside minutes of a real analysis; long enough not to vanish in what is measured.
DURATION_S = 0.2


def load() -> Analyze:
    """Return what the worker runs."""
    return analyze


def analyze(job: Job) -> RunOutcome:
    """Write one object, and take as long as announced."""
    ends = time.monotonic() + DURATION_S
    source = pydicom.dcmread(next(Path(job.input).iterdir()), stop_before_pixels=True)
    path = Path(job.output) / "dicom" / "capture.dcm"
    capture = FileDataset(path, {}, file_meta=FileMetaDataset(), preamble=b"\0" * 128)
    capture.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    capture.SOPClassUID = SecondaryCaptureImageStorage
    capture.SOPInstanceUID = generate_uid(entropy_srcs=[job.run_id, job.analysis_time])
    capture.StudyInstanceUID, capture.PatientID = source.StudyInstanceUID, source.PatientID
    path.parent.mkdir()
    capture.save_as(path, enforce_file_format=True)
    (Path(job.output) / "results.json").write_text("{}\n")
    time.sleep(max(0.0, ends - time.monotonic()))
    return RunOutcome(State.WRITTEN, None, ("capture.dcm",))


def main() -> None:
    """Serve with it, out of the settings that the first argument names."""
    # Not in the worker, which imports this module too and would start a second later.
    from app.service.server import leave, serve  # noqa: PLC0415
    from app.settings import load_settings  # noqa: PLC0415

    leave(serve(load_settings(Path(sys.argv[1]), environ={}), load, _announce))


def _announce(_service: "Service") -> None:
    sys.stdout.write("ready\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
