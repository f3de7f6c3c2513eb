"""Notes that are late, malformed or about somebody else: kept, coded, never misapplied."""

from collections.abc import Callable
from pathlib import Path

import pytest

from app.service.opening import Opening
from app.service.recalls import read_recall
from app.service.register import Register
from app.service.rejected import rejected_instances
from app.service.rejections import Rejections
from spine.errors import Code
from tests.app.service.notes import note_dataset, receive
from tests.app.service.rejections.noted import SAGITTAL, STUDY, Heard, asides, said


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
    register: Register, run_id: str, heard: Heard
) -> None:
    receive(register, note_dataset(STUDY, SAGITTAL[0]))
    register.prepare()
    Rejections(register, heard.recalled.append, heard.changed.append).sweep()
    assert heard.recalled == [run_id]
