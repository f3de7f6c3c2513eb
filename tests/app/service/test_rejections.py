"""Rejection notes that come in: what rests on rejected images is recalled, nothing else is."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from app.service.execution import Execution
from app.service.opening import Opening
from app.service.profiles import Profile, Profiles
from app.service.recalls import COMMAND, REJECTED_SOURCES, is_settled, read_recall, recall
from app.service.records import Receipt, RunOutcome, RunRecord, State
from app.service.register import Register
from app.service.rejected import rejected_instances
from app.service.rejections import Rejections
from app.service.worker import Job
from spine.dicom.rejection import RejectionTitle
from spine.errors import Code
from tests.app.service.notes import note_dataset, receive

STUDY = "1.2.3"
SAGITTAL, AXIAL = ("1.2.3.1", "1.2.3.2"), ("1.2.3.8",)


@dataclass
class _Heard:
    recalled: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)


@pytest.fixture
def heard() -> _Heard:
    return _Heard()


@pytest.fixture
def rejections(register: Register, heard: _Heard) -> Rejections:
    return Rejections(register, heard.recalled.append, heard.changed.append)


@pytest.fixture
def opening(register: Register) -> Opening:
    return Opening(register, Profiles([Profile("default", destinations=("pacs",))]))


@pytest.fixture
def run_id(register: Register, keep: Callable[..., None], opening: Opening) -> str:
    """A study of three images whose run rests on the two sagittal ones."""
    for uid in (*SAGITTAL, *AXIAL):
        keep(uid=uid, study=STUDY)
    (record,) = opening.open(STUDY)
    write(register, record, SAGITTAL)
    return record.run_id


def write(register: Register, record: RunRecord, selected: tuple[str, ...]) -> None:
    _source, output = register.open_work(record)
    results = {"selection": {"instances": sorted(selected)}}
    (output / "results.json").write_text(json.dumps(results))
    register.close_work(record.run_id, RunOutcome(State.WRITTEN, None, ("a.dcm",)))


def settle(register: Register, run_id: str) -> None:
    """Leave nothing to do, as where a destination takes no rejection notes."""
    register.write_receipt(run_id, "pacs", Receipt({"a.dcm": 0}, is_withdrawn=True))


def said(register: Register, uid: str = f"{STUDY}.900") -> dict[str, object]:
    content: dict[str, object] = json.loads(
        (register.root / "rejections" / f"{uid}.json").read_text()
    )
    return content


def asides(register: Register) -> list[str]:
    return [json.loads(path.read_text())["code"] for path in register.aside.glob("*.json")]


def test_run_that_rests_on_a_rejected_image_is_recalled_with_the_title_of_the_note(
    register: Register, run_id: str, rejections: Rejections, heard: _Heard
) -> None:
    receive(register, note_dataset(STUDY, SAGITTAL[1], title="113001"))
    rejections.sweep()

    found = read_recall(register, run_id)
    assert found is not None
    assert (found.title, found.cause) == (RejectionTitle.QUALITY, REJECTED_SOURCES)
    assert heard == _Heard([run_id], [STUDY])
    assert said(register)["recalled"] == [run_id]
    assert said(register)["code"] is None
    assert asides(register) == []


@pytest.mark.parametrize("known", [RejectionTitle.QUALITY, RejectionTitle.PATIENT_SAFETY])
def test_note_for_patient_safety_takes_the_place_of_a_weaker_recall_and_only_once(
    register: Register,
    run_id: str,
    rejections: Rejections,
    heard: _Heard,
    keep: Callable[..., None],
    opening: Opening,
    known: RejectionTitle,
) -> None:
    recall(register, run_id, known, COMMAND)
    settle(register, run_id)
    # Of the same study and under way: the note stays open, and is looked at every round.
    keep(uid="1.2.3.3", study=STUDY)
    opening.open(STUDY)
    receive(register, note_dataset(STUDY, SAGITTAL[0], title="113037"))
    rejections.sweep()

    found = read_recall(register, run_id)
    assert found is not None
    assert found.title is RejectionTitle.PATIENT_SAFETY
    is_news = known is not found.title
    assert heard.recalled == ([run_id] if is_news else [])
    assert is_settled(register, run_id, "pacs") is not is_news
    settle(register, run_id)
    rejections.sweep()
    assert (register.root / "rejections" / f"{STUDY}.900.open").exists()
    assert is_settled(register, run_id, "pacs")


def test_note_for_quality_leaves_a_recall_for_patient_safety_as_it_is(
    register: Register, run_id: str, rejections: Rejections, heard: _Heard
) -> None:
    recall(register, run_id, RejectionTitle.PATIENT_SAFETY, COMMAND)
    settle(register, run_id)
    receive(register, note_dataset(STUDY, SAGITTAL[0], title="113001"))
    rejections.sweep()

    found = read_recall(register, run_id)
    assert found is not None
    assert found.title is RejectionTitle.PATIENT_SAFETY
    assert heard.recalled == []
    assert is_settled(register, run_id, "pacs")


def test_alarm_names_run_and_title_and_nobody(
    register: Register, run_id: str, rejections: Rejections, caplog: pytest.LogCaptureFixture
) -> None:
    receive(register, note_dataset(STUDY, SAGITTAL[1], PatientID="P1", PatientName="Doe^Jane"))
    rejections.sweep()

    errors = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert errors == [f"RUN_RECALLED: run {run_id}, rejected sources: 113037"]
    assert "Doe" not in caplog.text


def test_note_on_images_that_no_result_rests_on_recalls_nothing(
    register: Register, run_id: str, rejections: Rejections, heard: _Heard
) -> None:
    receive(register, note_dataset(STUDY, *AXIAL))
    rejections.sweep()

    assert read_recall(register, run_id) is None
    assert heard.recalled == []
    assert rejected_instances(register, STUDY) == set(AXIAL)


def test_run_that_ends_while_its_note_is_looked_at_is_recalled_the_next_time(
    register: Register, keep: Callable[..., None], opening: Opening, heard: _Heard
) -> None:
    for uid in SAGITTAL:
        keep(uid=uid, study=STUDY)
    (record,) = opening.open(STUDY)
    receive(register, note_dataset(STUDY, SAGITTAL[0]))

    def end(_study: str) -> None:
        if register.outcome(record.run_id) is None:
            write(register, record, SAGITTAL)

    rejections = Rejections(register, heard.recalled.append, end)
    rejections.sweep()
    assert heard.recalled == []
    rejections.sweep()
    assert heard.recalled == [record.run_id]


def test_no_version_of_a_rejected_image_is_used_again(
    register: Register, run_id: str, rejections: Rejections, opening: Opening
) -> None:
    name = "f" * 64
    facts = {
        "code": Code.CONFLICTING_DUPLICATE,
        "study_instance_uid": STUDY,
        "sop_instance_uid": SAGITTAL[1],
    }
    (register.aside / f"{name}.bin").write_bytes(b"other bytes")
    (register.aside / f"{name}.json").write_text(json.dumps(facts))
    assert register.conflicts(STUDY) == [name]
    receive(register, note_dataset(STUDY, SAGITTAL[1]))
    rejections.sweep()

    (record,) = opening.open(STUDY)
    assert SAGITTAL[0] in record.instances
    assert SAGITTAL[1] not in record.instances
    assert record.conflicts == ()


def test_study_whose_run_had_a_malformed_note_among_its_images_is_looked_at_again(
    register: Register, run_id: str, rejections: Rejections, heard: _Heard
) -> None:
    receive(register, note_dataset(STUDY))
    rejections.sweep()
    assert asides(register) == ["REJECTION_NOTE_INVALID"]
    assert heard.changed == [STUDY]


def test_looking_twice_changes_nothing(
    register: Register, run_id: str, rejections: Rejections, heard: _Heard
) -> None:
    for _ in range(2):
        receive(register, note_dataset(STUDY, SAGITTAL[0]))
        rejections.sweep()
    assert heard.recalled == [run_id]


def test_the_rest_is_analyzed_again_and_what_was_rejected_is_not(
    register: Register, run_id: str, rejections: Rejections, opening: Opening
) -> None:
    assert not opening.has_news(STUDY)
    receive(register, note_dataset(STUDY, SAGITTAL[1]))
    rejections.sweep()

    (record,) = opening.open(STUDY)
    assert record.number == 2
    assert set(record.instances) & {*SAGITTAL, *AXIAL} == {SAGITTAL[0], *AXIAL}
    # And only once.
    assert opening.open(STUDY) == []


def test_nothing_is_opened_where_nothing_remains(
    register: Register, run_id: str, rejections: Rejections, opening: Opening
) -> None:
    receive(register, note_dataset(STUDY, *SAGITTAL, *AXIAL))
    rejections.sweep()
    assert read_recall(register, run_id) is not None
    assert opening.open(STUDY) == []


def test_what_expired_by_policy_was_right_and_stays(
    register: Register, run_id: str, rejections: Rejections, opening: Opening
) -> None:
    receive(register, note_dataset(STUDY, *SAGITTAL, title="113039"))
    rejections.sweep()
    assert read_recall(register, run_id) is None
    assert rejected_instances(register, STUDY) == frozenset()
    assert opening.open(STUDY) == []


def test_key_images_for_teaching_reject_nothing(
    register: Register, run_id: str, rejections: Rejections
) -> None:
    receive(register, note_dataset(STUDY, *SAGITTAL, title="113004"))
    rejections.sweep()
    assert read_recall(register, run_id) is None
    assert list((register.root / "rejections").iterdir()) == []


def test_note_that_comes_before_its_images_holds_when_they_come(
    register: Register, rejections: Rejections, keep: Callable[..., None], opening: Opening
) -> None:
    keep(uid=SAGITTAL[0], study=STUDY)
    receive(register, note_dataset(STUDY, SAGITTAL[1]))
    rejections.sweep()
    keep(uid=SAGITTAL[1], study=STUDY)

    (record,) = opening.open(STUDY)
    assert SAGITTAL[1] not in record.instances
    assert said(register)["code"] == Code.REJECTION_UNKNOWN_INSTANCES
    assert asides(register) == [Code.REJECTION_UNKNOWN_INSTANCES]


def test_note_on_a_study_that_was_never_here_is_kept_aside(
    register: Register, run_id: str, rejections: Rejections
) -> None:
    document = note_dataset("9.8.7", "9.8.7.1", uid="1.2.3.77")
    document.StudyInstanceUID = STUDY
    receive(register, document)
    rejections.sweep()

    assert asides(register) == [Code.REJECTION_UNKNOWN_INSTANCES]
    assert "9.8.7" not in register.studies()
    assert read_recall(register, run_id) is None


@pytest.mark.parametrize("facts", [{"PatientID": "P2"}])
def test_note_about_another_patient_is_not_applied(
    register: Register,
    run_id: str,
    rejections: Rejections,
    opening: Opening,
    facts: dict[str, str],
) -> None:
    receive(register, note_dataset(STUDY, *SAGITTAL, **facts))
    rejections.sweep()

    assert read_recall(register, run_id) is None
    assert asides(register) == [Code.REJECTION_OTHER_PATIENT]
    # Nor is it ever part of what is analyzed, where it would be a second patient.
    assert rejected_instances(register, STUDY) == {f"{STUDY}.900"}
    assert opening.open(STUDY) == []


def test_what_a_note_does_not_say_of_its_patient_is_no_difference(
    register: Register, run_id: str, rejections: Rejections
) -> None:
    receive(register, note_dataset(STUDY, *SAGITTAL, PatientID="", PatientSex="F"))
    rejections.sweep()
    assert read_recall(register, run_id) is not None


def test_malformed_note_is_kept_with_its_code_and_nothing_is_lost(
    register: Register, run_id: str, rejections: Rejections
) -> None:
    document = note_dataset(STUDY, *SAGITTAL)
    del document.CurrentRequestedProcedureEvidenceSequence
    receive(register, document)
    rejections.sweep()

    (path,) = register.aside.glob("*.bin")
    kept = register.instance_path(STUDY, f"{STUDY}.900")
    assert path.read_bytes() == kept.read_bytes()
    assert asides(register) == [Code.REJECTION_NOTE_INVALID]
    assert said(register)["code"] == Code.REJECTION_NOTE_INVALID
    assert read_recall(register, run_id) is None


@pytest.mark.filterwarnings("ignore:Invalid value for VR UI")
def test_note_on_an_image_whose_uid_breaks_the_standard_as_we_file_it_is_applied(
    register: Register, run_id: str, rejections: Rejections, keep: Callable[..., None]
) -> None:
    keep(uid="1.2.3.007", study=STUDY)
    receive(register, note_dataset(STUDY, SAGITTAL[0], "1.2.3.007"))
    rejections.sweep()
    assert said(register)["code"] is None
    assert read_recall(register, run_id) is not None
    assert rejected_instances(register, STUDY) == {SAGITTAL[0], "1.2.3.007"}


@pytest.mark.filterwarnings("ignore:Invalid value for VR UI")
def test_note_that_names_a_path_is_not_applied(
    register: Register, run_id: str, rejections: Rejections
) -> None:
    receive(register, note_dataset(STUDY, SAGITTAL[0], "../1.2.3.1"))
    rejections.sweep()
    assert said(register)["code"] == Code.REJECTION_NOTE_INVALID
    assert read_recall(register, run_id) is None


def test_note_that_cannot_be_read_does_not_keep_others_back(
    register: Register, run_id: str, rejections: Rejections, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive(register, note_dataset(STUDY, *SAGITTAL, uid="1.2.3.901"))
    receive(register, note_dataset(STUDY, SAGITTAL[0], uid="1.2.3.902"))
    whole = Path.open

    def fail(self: Path, *arguments: object, **named: object) -> object:
        if self.name == "1.2.3.901.dcm":
            raise OSError(5, "Input/output error")
        return whole(self, *arguments, **named)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", fail)
    rejections.sweep()
    assert read_recall(register, run_id) is not None
    # It is looked at again.
    assert (register.root / "rejections" / "1.2.3.901.open").exists()


def test_note_that_was_acknowledged_is_looked_at_after_a_restart(
    register: Register, run_id: str, heard: _Heard
) -> None:
    receive(register, note_dataset(STUDY, SAGITTAL[0]))
    register.prepare()
    Rejections(register, heard.recalled.append, heard.changed.append).sweep()
    assert heard.recalled == [run_id]


class _Slow:
    """An inference during which a note arrives."""

    def __init__(self, meanwhile: Callable[[], None]) -> None:
        self._meanwhile = meanwhile
        self.jobs: list[Job] = []

    def run(self, job: Job) -> RunOutcome:
        self.jobs.append(job)
        self._meanwhile()
        (Path(job.output) / "results.json").write_text("{}")
        return RunOutcome(State.WRITTEN, None, ("a.dcm",))


def test_run_under_way_ends_without_results_and_the_note_waits_for_it(
    register: Register, keep: Callable[..., None], rejections: Rejections, opening: Opening
) -> None:
    for uid in SAGITTAL:
        keep(uid=uid, study=STUDY)
    (record,) = opening.open(STUDY)

    def meanwhile() -> None:
        receive(register, note_dataset(STUDY, SAGITTAL[0]))
        rejections.sweep()
        assert (register.root / "rejections" / f"{STUDY}.900.open").exists()

    execution = Execution(register, _Slow(meanwhile))  # type: ignore[arg-type]
    assert execution.execute(record.run_id, record.analysis_time) is State.NOTHING_TO_SEND
    outcome = register.outcome(record.run_id)
    assert outcome is not None
    assert outcome.code == Code.SOURCES_REJECTED
    assert not (register.run_folder(record.run_id) / "results.json").exists()
    rejections.sweep()
    assert said(register)["recalled"] == []
    (again,) = opening.open(STUDY)
    assert SAGITTAL[0] not in again.instances


def test_run_that_waits_is_not_begun_on_what_was_rejected(
    register: Register, keep: Callable[..., None], rejections: Rejections, opening: Opening
) -> None:
    for uid in SAGITTAL:
        keep(uid=uid, study=STUDY)
    (record,) = opening.open(STUDY)
    receive(register, note_dataset(STUDY, SAGITTAL[0]))
    rejections.sweep()
    inference = _Slow(lambda: None)
    execution = Execution(register, inference)  # type: ignore[arg-type]
    assert execution.execute(record.run_id, record.analysis_time) is State.NOTHING_TO_SEND
    assert inference.jobs == []
