import logging
from dataclasses import replace

import pytest
from pydicom.dataset import Dataset

from app.service.delivery import DELIVERED, HELD, read_attempts, read_hold, release
from app.service.delivery.routes import Route
from app.service.register import Register
from spine.reporting.kinds import Kind
from tests.app.service.delivery.archive import (
    DOCUMENT,
    LABEL_MAP,
    PICTURE,
    REPORT,
    SEGMENTATION,
    TEXT_REPORT,
    Archive,
)
from tests.app.service.delivery.conftest import RUN, UIDS, Deliver, WriteRun


def test_images_and_segmentation_go_before_the_report(archive: Archive, deliver: Deliver) -> None:
    assert deliver(Route(archive.start())) == DELIVERED
    assert archive.uids == [UIDS["b.dcm"], UIDS["c.dcm"], UIDS["a.dcm"]]


@pytest.mark.parametrize(
    ("kinds", "names"),
    [
        ({Kind.REPORT}, ["a.dcm"]),
        ({Kind.SEGMENTATION, Kind.PICTURE}, ["b.dcm", "c.dcm"]),
        ({Kind.DOCUMENT}, []),
    ],
)
def test_each_destination_gets_its_own_kinds(
    archive: Archive, deliver: Deliver, register: Register, kinds: set[Kind], names: list[str]
) -> None:
    assert deliver(Route(archive.start(), frozenset(kinds))) == DELIVERED
    assert archive.uids == [UIDS[name] for name in names]
    assert register.receipt(RUN, "pacs").is_complete


def test_document_is_a_kind_of_its_own(
    archive: Archive, deliver: Deliver, write_run: WriteRun
) -> None:
    write_run({"d.dcm": DOCUMENT, "c.dcm": PICTURE})
    assert deliver(Route(archive.start(), frozenset({Kind.DOCUMENT}))) == DELIVERED
    assert archive.uids == ["1.2.9.100"]


def test_report_is_kept_back_where_the_segmentation_is_refused(
    archive: Archive, deliver: Deliver, register: Register
) -> None:
    archive.sop_classes = (REPORT, PICTURE)
    assert deliver(Route(archive.start())) == "CONTEXT_REJECTED"
    assert archive.uids == [UIDS["c.dcm"]]
    attempts = read_attempts(register, RUN, "pacs")
    assert attempts is not None
    assert attempts.detail == "Segmentation Storage; the report is kept back"
    assert not register.receipt(RUN, "pacs").is_complete


def test_report_is_kept_back_where_the_segmentation_is_not_stored(
    archive: Archive, deliver: Deliver
) -> None:
    archive.refused = {SEGMENTATION: 0xC123}
    assert deliver(Route(archive.start())) == "NOT_STORED"
    assert archive.uids == [UIDS["c.dcm"]]


@pytest.mark.parametrize("refused", [LABEL_MAP, PICTURE])
def test_either_report_is_kept_back_where_what_it_speaks_of_is_refused(
    archive: Archive, deliver: Deliver, write_run: WriteRun, refused: str
) -> None:
    write_run(
        {
            "1-label-map.dcm": LABEL_MAP,
            "2-key-picture-1.dcm": PICTURE,
            "3-structured-report.dcm": REPORT,
            "4-text-report.dcm": TEXT_REPORT,
        }
    )
    kinds = {Kind.LABEL_MAP, Kind.KEY_PICTURES, Kind.REPORT, Kind.TEXT_REPORT}
    archive.sop_classes = (LABEL_MAP, PICTURE, REPORT, TEXT_REPORT)
    archive.refused = {refused: 0xC123}
    route = Route(archive.start(), frozenset(kinds))
    assert deliver(route) == "NOT_STORED"
    assert len(archive.received) == 1
    archive.refused = {}
    assert deliver(route) == DELIVERED
    assert len(archive.received) == 4


def test_key_pictures_are_told_from_the_summary_page_by_their_files(
    archive: Archive, deliver: Deliver, write_run: WriteRun
) -> None:
    write_run({"1-secondary-capture.dcm": PICTURE, "2-key-picture-1.dcm": PICTURE})
    assert deliver(Route(archive.start(), frozenset({Kind.KEY_PICTURES}))) == DELIVERED
    assert archive.uids == ["1.2.9.50"]


def test_rest_follows_once_the_segmentation_is_taken(archive: Archive, deliver: Deliver) -> None:
    archive.refused = {SEGMENTATION: 0xC123}
    destination = archive.start()
    deliver(Route(destination))
    archive.refused = {}
    assert deliver(Route(destination)) == DELIVERED
    assert archive.uids == [UIDS["c.dcm"], UIDS["b.dcm"], UIDS["a.dcm"]]


def test_object_whose_receipt_was_lost_is_sent_once_more_with_the_same_bytes(
    archive: Archive, deliver: Deliver, register: Register
) -> None:
    destination = archive.start()
    deliver(Route(destination))
    receipt = register.receipt(RUN, "pacs")
    # Killed between the answer to the last object and our receipt.
    objects = {name: status for name, status in receipt.objects.items() if name != "a.dcm"}
    register.write_receipt(RUN, "pacs", replace(receipt, objects=objects, is_complete=False))
    assert deliver(Route(destination)) == DELIVERED
    assert archive.uids[2:] == [UIDS["a.dcm"], UIDS["a.dcm"]]
    assert len(set(archive.received)) == 3


def _known(patient_id: str = "P1", birth_date: str = "", accession: str = "") -> Dataset:
    known = Dataset()
    known.StudyInstanceUID = "1.2.3"
    known.PatientID = patient_id
    known.PatientBirthDate = birth_date
    known.AccessionNumber = accession
    return known


def test_same_patient_is_compared_and_noted(
    archive: Archive, deliver: Deliver, register: Register
) -> None:
    # What only one side says is no difference.
    archive.known = [_known(birth_date="19700102", accession="A77")]
    destination = archive.start()
    assert deliver(Route(destination, query=destination)) == DELIVERED
    assert register.receipt(RUN, "pacs").notes == {"patient": "compared"}


def test_other_patient_is_held_with_an_alarm_that_names_no_patient(
    archive: Archive,
    deliver: Deliver,
    register: Register,
    caplog: pytest.LogCaptureFixture,
) -> None:
    archive.known = [_known(), _known("DOE-4711")]
    destination = archive.start()
    route = Route(destination, query=destination)
    with caplog.at_level(logging.DEBUG, logger="app"):
        assert [deliver(route), deliver(route)] == [HELD, HELD]
    assert archive.received == []
    held = read_hold(register, RUN, "pacs")
    assert held is not None
    assert (held.code, held.attributes) == ("PATIENT_MISMATCH", ("PatientID",))
    alarms = [entry for entry in caplog.records if entry.levelno >= logging.ERROR]
    assert [entry.code for entry in alarms] == ["PATIENT_MISMATCH"]  # type: ignore[attr-defined]
    path = register.delivery_path(RUN, "pacs", ".hold")
    for text in (caplog.text, path.read_text()):
        assert "DOE" not in text
        assert "P1" not in text


def test_released_delivery_goes_on(archive: Archive, deliver: Deliver, register: Register) -> None:
    archive.known = [_known("DOE-4711")]
    destination = archive.start()
    route = Route(destination, query=destination)
    deliver(route)
    assert release(register, RUN, "pacs")
    assert deliver(route) == DELIVERED
    assert len(archive.received) == 3


@pytest.mark.parametrize(
    ("known", "note"),
    [(None, "not compared: CONTEXT_REJECTED"), ([], "not compared: study unknown")],
)
def test_destination_that_cannot_be_compared_is_noted_and_gets_everything(
    archive: Archive,
    deliver: Deliver,
    register: Register,
    known: list[Dataset] | None,
    note: str,
) -> None:
    archive.known = known
    destination = archive.start()
    assert deliver(Route(destination, query=destination)) == DELIVERED
    assert register.receipt(RUN, "pacs").notes["patient"] == note


def test_host_name_that_does_not_resolve_is_noted_and_blocks_nothing(
    archive: Archive, deliver: Deliver, register: Register
) -> None:
    destination = archive.start()
    route = Route(destination, query=replace(destination, host="p" * 64))
    assert deliver(route) == DELIVERED
    assert register.receipt(RUN, "pacs").notes["patient"] == "not compared: UNREACHABLE"


def test_nobody_is_asked_where_everything_is_stored(archive: Archive, deliver: Deliver) -> None:
    archive.known = []
    destination = archive.start()
    assert deliver(Route(destination)) == DELIVERED
    archive.known = [_known("DOE-4711")]
    assert deliver(Route(destination, query=destination)) == DELIVERED
