"""Rejection notes that come in: what rests on rejected images is recalled, nothing else is."""

import json
from collections.abc import Callable

import pytest

from app.service.opening import Opening
from app.service.recalls import COMMAND, REJECTED_SOURCES, is_settled, read_recall, recall
from app.service.register import Register
from app.service.rejected import rejected_instances
from app.service.rejections import Rejections
from spine.dicom.rejection import RejectionTitle
from spine.errors import Code
from tests.app.service.notes import note_dataset, receive
from tests.app.service.rejections.noted import (
    AXIAL,
    SAGITTAL,
    STUDY,
    Heard,
    asides,
    said,
    settle,
    write,
)


def test_run_that_rests_on_a_rejected_image_is_recalled_with_the_title_of_the_note(
    register: Register, run_id: str, rejections: Rejections, heard: Heard
) -> None:
    receive(register, note_dataset(STUDY, SAGITTAL[1], title="113001"))
    rejections.sweep()

    found = read_recall(register, run_id)
    assert found is not None
    assert (found.title, found.cause) == (RejectionTitle.QUALITY, REJECTED_SOURCES)
    assert heard == Heard([run_id], [STUDY])
    assert said(register)["recalled"] == [run_id]
    assert said(register)["code"] is None
    assert asides(register) == []


@pytest.mark.parametrize("known", [RejectionTitle.QUALITY, RejectionTitle.PATIENT_SAFETY])
def test_note_for_patient_safety_takes_the_place_of_a_weaker_recall_and_only_once(
    register: Register,
    run_id: str,
    rejections: Rejections,
    heard: Heard,
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
    register: Register, run_id: str, rejections: Rejections, heard: Heard
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
    register: Register, run_id: str, rejections: Rejections, heard: Heard
) -> None:
    receive(register, note_dataset(STUDY, *AXIAL))
    rejections.sweep()

    assert read_recall(register, run_id) is None
    assert heard.recalled == []
    assert rejected_instances(register, STUDY) == set(AXIAL)


def test_run_that_ends_while_its_note_is_looked_at_is_recalled_the_next_time(
    register: Register, keep: Callable[..., None], opening: Opening, heard: Heard
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
    register: Register, run_id: str, rejections: Rejections, heard: Heard
) -> None:
    receive(register, note_dataset(STUDY))
    rejections.sweep()
    assert asides(register) == ["REJECTION_NOTE_INVALID"]
    assert heard.changed == [STUDY]


def test_looking_twice_changes_nothing(
    register: Register, run_id: str, rejections: Rejections, heard: Heard
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
