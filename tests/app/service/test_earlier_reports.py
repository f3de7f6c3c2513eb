"""The worker is given our reports about the patient's other studies, and about nobody else."""

from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import Comprehensive3DSRStorage, ExplicitVRLittleEndian, MRImageStorage

from app.service.earlier_reports import EarlierReports
from app.service.execution import Execution
from app.service.jobs import Job
from app.service.recalls import COMMAND, recall
from app.service.records import RunOutcome, RunRecord, State
from app.service.register import Register
from spine.dicom.patient_key import patient_key
from spine.dicom.rejection import RejectionTitle
from spine.errors import Code

TIME = "2026-01-02T03:04:05+00:00"
PATIENT = {
    "PatientID": "42",
    "IssuerOfPatientID": "CLINIC",
    "PatientBirthDate": "19600201",
    "PatientSex": "F",
}


def write(path: Path, sop_class: str = MRImageStorage, **facts: str) -> Path:
    dataset = FileDataset(None, {}, file_meta=FileMetaDataset(), preamble=b"\0" * 128)
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.SOPClassUID, dataset.SOPInstanceUID = sop_class, "1.2.3.4"
    for keyword, value in {**PATIENT, **facts}.items():
        setattr(dataset, keyword, value)
    path.parent.mkdir(parents=True, exist_ok=True)
    dataset.save_as(path, enforce_file_format=True)
    return path


class Reporting:
    """An inference role that writes a report about the patient that it finds in its input."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []
        self.seen: list[list[str]] = []
        self.facts = dict(PATIENT)

    def run(self, job: Job) -> RunOutcome:
        self.jobs.append(job)
        priors = [] if job.priors is None else Path(job.priors).iterdir()
        self.seen.append(sorted(path.name for path in priors))
        name = "6-structured-report.dcm"
        write(Path(job.output) / "dicom" / name, Comprehensive3DSRStorage, **self.facts)
        return RunOutcome(State.WRITTEN, None, (name,))


@pytest.fixture
def inference() -> Reporting:
    return Reporting()


@pytest.fixture
def analyze(register: Register, inference: Reporting) -> Callable[..., RunRecord]:
    """Receive and analyze a study of the patient, or of another one."""
    execution = Execution(register, inference)  # type: ignore[arg-type]

    def analyze(study: str, number: int = 1, **facts: str) -> RunRecord:
        write(register.instance_path(study, f"{study}.1"), **facts)
        inference.facts = {**PATIENT, **facts}
        record = RunRecord(f"{study}.{number}", TIME, "default", (f"{study}.1",), ())
        register.write_run(record)
        assert execution.execute(record.run_id, TIME) is State.WRITTEN
        return record

    return analyze


def test_report_of_another_study_of_the_patient_is_laid_out(
    analyze: Callable[..., RunRecord], inference: Reporting
) -> None:
    analyze("1.2.1")
    analyze("1.2.2")
    analyze("1.2.3")
    assert inference.seen == [
        [],
        ["1.2.1.1-6-structured-report.dcm"],
        ["1.2.1.1-6-structured-report.dcm", "1.2.2.1-6-structured-report.dcm"],
    ]
    # Beside the study, never among its files.
    job = inference.jobs[2]
    assert job.priors is not None
    assert Path(job.priors).parent == Path(job.input).parent


@pytest.mark.parametrize(
    "facts",
    [
        {"PatientID": "43"},
        {"IssuerOfPatientID": "ELSEWHERE"},
        {"IssuerOfPatientID": ""},
        {"PatientBirthDate": "19600202"},
        {"PatientSex": ""},
    ],
)
def test_report_of_somebody_else_is_not(
    analyze: Callable[..., RunRecord], inference: Reporting, facts: dict[str, str]
) -> None:
    analyze("1.2.1")
    analyze("1.2.2", **facts)
    assert inference.jobs[1].priors is None


def test_two_patients_of_whom_too_little_is_known_are_not_one(
    analyze: Callable[..., RunRecord], inference: Reporting
) -> None:
    analyze("1.2.1", IssuerOfPatientID="")
    analyze("1.2.2", IssuerOfPatientID="")
    assert inference.jobs[1].priors is None


def test_earlier_run_of_the_same_study_is_no_prior(
    analyze: Callable[..., RunRecord], inference: Reporting
) -> None:
    analyze("1.2.1")
    analyze("1.2.1", number=2)
    assert inference.jobs[1].priors is None
    assert inference.jobs[1].previous is not None


def test_run_without_a_valid_outcome_is_passed_over(
    analyze: Callable[..., RunRecord], inference: Reporting, register: Register
) -> None:
    record = analyze("1.2.1")
    for outcome in (None, RunOutcome.failed(Code.INTERNAL)):
        register.forget_outcome(record.run_id)
        if outcome is not None:
            register.open_work(record)
            register.close_work(record.run_id, outcome)
        analyze("1.2.2" if outcome is None else "1.2.3")
    assert [seen for seen in inference.seen if "1.2.1.1-6-structured-report.dcm" in seen] == []


def test_forgotten_report_is_not_found_and_leaves_no_trace(
    analyze: Callable[..., RunRecord], inference: Reporting, register: Register
) -> None:
    record = analyze("1.2.1")
    EarlierReports(register).forget(record.run_id)
    assert not [path for path in (register.root / "patients").rglob("*") if path.is_file()]
    analyze("1.2.2")
    assert inference.jobs[1].priors is None


def test_report_whose_retention_ended_is_passed_over(
    analyze: Callable[..., RunRecord], inference: Reporting, register: Register
) -> None:
    record = analyze("1.2.1")
    (register.run_folder(record.run_id) / "dicom" / "6-structured-report.dcm").unlink()
    analyze("1.2.2")
    assert inference.jobs[1].priors is None


def test_register_names_nobody(analyze: Callable[..., RunRecord], register: Register) -> None:
    analyze("1.2.1", PatientID="SECRET")
    names = [str(path) for path in register.root.rglob("*")]
    assert any("patients" in name for name in names)
    assert not any("SECRET" in name for name in names)


def test_key_is_one_of_all_four_facts(tmp_path: Path) -> None:
    key = patient_key(write(tmp_path / "a"))
    assert key == patient_key(write(tmp_path / "b", SOPInstanceUID="1.9"))
    others = [
        write(tmp_path / keyword, **{keyword: value})
        for keyword, value in (
            ("PatientID", "4"),
            ("IssuerOfPatientID", "2CLINIC"),
            ("PatientBirthDate", "19610201"),
            ("PatientSex", "M"),
        )
    ]
    assert len({key, *map(patient_key, others)}) == 5


def test_what_is_no_instance_has_no_key(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("PatientID 42")
    assert patient_key(tmp_path / "text") is None
    assert patient_key(tmp_path / "absent") is None


def test_recalled_report_is_no_prior(
    analyze: Callable[..., RunRecord], inference: Reporting, register: Register
) -> None:
    record = analyze("1.2.1")
    recall(register, record.run_id, RejectionTitle.PATIENT_SAFETY, COMMAND)
    analyze("1.2.2")
    assert inference.jobs[1].priors is None
