"""A recalled run at a destination: nothing more is sent, and what is there is rejected."""

from dataclasses import replace
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.uid import KeyObjectSelectionDocumentStorage

from app.service.delivery import DELIVERED, WITHDRAWN, CommitmentBook, Delivery, hold
from app.service.delivery.routes import Kind, Route
from app.service.holds import hold as hold_run
from app.service.recalls import COMMAND, is_settled, read_recall, recall
from app.service.records import Receipt
from app.service.register import Register
from pacs.sender import Destination
from spine.dicom.rejection import RejectionTitle, read_rejection_note
from tests.app.service.delivery.archive import SEGMENTATION, Archive
from tests.app.service.delivery.conftest import OBJECTS, RUN, UIDS, Deliver
from tests.app.service.served import free_port

NOTE = str(KeyObjectSelectionDocumentStorage)


@pytest.fixture
def archive(archive: Archive) -> Archive:
    archive.sop_classes = (*archive.sop_classes, NOTE)
    return archive


@pytest.fixture
def route(archive: Archive) -> Route:
    return Route(archive.start(), rejection_notes=True)


def recall_run(register: Register, title: RejectionTitle = RejectionTitle.PATIENT_SAFETY) -> None:
    assert recall(register, RUN, title, COMMAND)


def notes(register: Register) -> list[Path]:
    return sorted((register.run_folder(RUN) / "rejections").glob("*.dcm"))


def rejected(path: Path) -> set[str]:
    note = read_rejection_note(path)
    assert note is not None
    return {uid for _, uid in note.instances}


def test_delivered_objects_are_rejected_with_the_title_of_the_recall(
    register: Register, deliver: Deliver, archive: Archive, route: Route
) -> None:
    assert deliver(route) == DELIVERED
    recall_run(register, RejectionTitle.QUALITY)
    assert deliver(route) == WITHDRAWN

    (path,) = notes(register)
    assert rejected(path) == set(UIDS.values())
    assert archive.uids[3:] == [str(dcmread(path).SOPInstanceUID)]
    assert dcmread(path).ConceptNameCodeSequence[0].CodeValue == "113001"
    assert is_settled(register, RUN, "pacs")
    # Once is enough.
    assert deliver(route) == WITHDRAWN
    assert len(archive.uids) == 4


def test_question_about_commitment_is_closed_once_the_run_is_taken_back(
    register: Register, deliver: Deliver, route: Route
) -> None:
    transaction = CommitmentBook(register).open(RUN, "pacs")
    # Killed between asking for commitment and the report.
    receipt = Receipt(dict.fromkeys(OBJECTS, 0), transactions={transaction: ""})
    register.write_receipt(RUN, "pacs", receipt)
    recall_run(register)
    assert deliver(route) == WITHDRAWN
    assert register.receipt(RUN, "pacs").transactions == {}
    assert list((register.root / "commitments").iterdir()) == []


def test_run_that_was_never_sent_is_not_sent_and_needs_no_note(
    register: Register, deliver: Deliver, archive: Archive, route: Route
) -> None:
    recall_run(register)
    assert deliver(route) == WITHDRAWN
    assert archive.uids == []
    assert register.receipt(RUN, "pacs").is_rejected


def test_destination_that_gets_reports_only_gets_a_note_on_the_report_only(
    register: Register, deliver: Deliver, archive: Archive, route: Route
) -> None:
    reports = replace(route, kinds=frozenset({Kind.REPORT}))
    assert deliver(reports) == DELIVERED
    recall_run(register)
    assert deliver(reports) == WITHDRAWN
    assert rejected(notes(register)[0]) == {UIDS["a.dcm"]}


def test_note_goes_also_where_the_run_is_held_and_where_it_gets_no_reports(
    register: Register, deliver: Deliver, archive: Archive, route: Route
) -> None:
    pictures = replace(route, kinds=frozenset({Kind.PICTURE}))
    assert deliver(pictures) == DELIVERED
    hold_run(register, RUN)
    hold(register, RUN, "pacs", "PATIENT_MISMATCH", ("PatientID",))
    recall_run(register)
    assert deliver(pictures) == WITHDRAWN
    assert len(archive.uids) == 2


def test_destination_without_rejection_notes_gets_none_and_that_is_an_alarm(
    register: Register,
    deliver: Deliver,
    archive: Archive,
    route: Route,
    caplog: pytest.LogCaptureFixture,
) -> None:
    without = replace(route, rejection_notes=False)
    assert deliver(without) == DELIVERED
    recall_run(register)
    assert deliver(without) == WITHDRAWN

    assert len(archive.uids) == 3
    receipt = register.receipt(RUN, "pacs")
    assert (receipt.is_withdrawn, receipt.is_rejected) == (True, False)
    assert receipt.notes["rejection"] == "it takes no rejection notes"
    assert [record.levelname for record in caplog.records if "still at pacs" in record.message]


def test_destination_that_learned_to_take_notes_gets_one_when_asked_again(
    register: Register, deliver: Deliver, archive: Archive, route: Route
) -> None:
    without = replace(route, rejection_notes=False)
    assert deliver(without) == DELIVERED
    recall_run(register)
    assert deliver(without) == WITHDRAWN
    assert deliver(route) == WITHDRAWN
    assert len(archive.uids) == 3

    assert not recall(register, RUN, RejectionTitle.PATIENT_SAFETY, COMMAND)
    assert not is_settled(register, RUN, "pacs")
    assert deliver(route) == WITHDRAWN
    assert len(archive.uids) == 4


def test_object_whose_answer_was_lost_is_rejected_too_but_may_be_unknown_there(
    register: Register, deliver: Deliver, archive: Archive, route: Route
) -> None:
    register.write_receipt(RUN, "pacs", Receipt({"b.dcm": 0}, attempted=("b.dcm", "c.dcm")))
    recall_run(register)
    assert deliver(route) == WITHDRAWN

    found = {path.stem: rejected(path) for path in notes(register)}
    assert found == {"pacs-confirmed": {UIDS["b.dcm"]}, "pacs-doubtful": {UIDS["c.dcm"]}}
    assert len(archive.uids) == 2


def test_refused_note_on_what_was_confirmed_is_tried_again(
    register: Register, deliver: Deliver, archive: Archive, route: Route
) -> None:
    assert deliver(route) == DELIVERED
    recall_run(register)
    archive.refused[NOTE] = 0xA778
    assert deliver(route) == "NOT_STORED"
    assert not is_settled(register, RUN, "pacs")
    archive.refused.clear()
    assert deliver(route) == WITHDRAWN


def test_refused_note_on_what_was_not_confirmed_says_that_it_is_not_there(
    register: Register, deliver: Deliver, archive: Archive, route: Route
) -> None:
    register.write_receipt(RUN, "pacs", Receipt({}, attempted=("c.dcm",)))
    recall_run(register)
    archive.refused[NOTE] = 0xA778
    assert deliver(route) == WITHDRAWN
    assert register.receipt(RUN, "pacs").is_rejected


def test_archive_without_room_has_not_said_that_it_never_got_them(
    register: Register, deliver: Deliver, archive: Archive, route: Route
) -> None:
    register.write_receipt(RUN, "pacs", Receipt({}, attempted=("c.dcm",)))
    recall_run(register)
    archive.refused[NOTE] = 0xA700
    assert deliver(route) == "NOT_STORED"
    assert not is_settled(register, RUN, "pacs")
    archive.refused.clear()
    assert deliver(route) == WITHDRAWN
    assert len(archive.uids) == 1


def test_destination_that_is_away_gets_its_note_later(
    register: Register, deliver: Deliver, archive: Archive, route: Route
) -> None:
    assert deliver(route) == DELIVERED
    recall_run(register)
    assert isinstance(route.target, Destination)
    away = replace(route, target=replace(route.target, port=free_port()))
    assert deliver(away) == "UNREACHABLE"
    assert not is_settled(register, RUN, "pacs")
    assert deliver(route) == WITHDRAWN
    assert len(archive.uids) == 4


def test_recall_while_some_is_refused_rejects_what_arrived(
    register: Register, deliver: Deliver, archive: Archive, route: Route
) -> None:
    archive.refused[SEGMENTATION] = 0xC000
    assert deliver(route) == "NOT_STORED"
    recall_run(register)
    assert deliver(route) == WITHDRAWN
    found = {path.stem: rejected(path) for path in notes(register)}
    # The report was kept back, and never tried.
    assert found == {"pacs-confirmed": {UIDS["c.dcm"]}, "pacs-doubtful": {UIDS["b.dcm"]}}


def test_results_that_were_removed_cannot_be_rejected_and_that_is_said(
    register: Register, deliver: Deliver, archive: Archive, route: Route
) -> None:
    assert deliver(route) == DELIVERED
    for name in OBJECTS:
        (register.run_folder(RUN) / "dicom" / name).unlink()
    recall_run(register)
    assert deliver(route) == WITHDRAWN
    assert "removed here" in register.receipt(RUN, "pacs").notes["rejection"]


def test_destination_that_is_no_longer_configured_does_not_wait_for_ever(
    register: Register, run_id: str, deliver: Deliver, route: Route
) -> None:
    assert deliver(route) == DELIVERED
    recall_run(register)
    assert Delivery(register, {}).deliver(run_id, "pacs") == WITHDRAWN
    assert not register.receipt(run_id, "pacs").is_rejected


def test_first_reason_stays(register: Register, run_id: str) -> None:
    recall_run(register, RejectionTitle.PATIENT_SAFETY)
    assert not recall(register, run_id, RejectionTitle.QUALITY, COMMAND)
    found = read_recall(register, run_id)
    assert found is not None
    assert found.title is RejectionTitle.PATIENT_SAFETY


def test_patient_safety_takes_the_place_of_quality_and_archives_are_told(
    register: Register, deliver: Deliver, archive: Archive, route: Route
) -> None:
    assert deliver(route) == DELIVERED
    recall_run(register, RejectionTitle.QUALITY)
    assert deliver(route) == WITHDRAWN
    recall_run(register, RejectionTitle.PATIENT_SAFETY)
    assert not is_settled(register, RUN, "pacs")
    assert deliver(route) == WITHDRAWN
    titles = [dcmread(path).ConceptNameCodeSequence[0].CodeValue for path in notes(register)]
    assert titles == ["113037"]
    assert len(archive.uids) == 5


def test_receipt_of_an_earlier_version_is_read(register: Register) -> None:
    old = {"objects": {"a.dcm": 0}, "is_complete": True}
    assert Receipt.from_json(old) == Receipt({"a.dcm": 0}, is_complete=True)
