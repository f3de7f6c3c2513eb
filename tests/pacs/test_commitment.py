import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from ipaddress import ip_network
from threading import Timer

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage
from pynetdicom import AE, evt
from pynetdicom.events import Event
from pynetdicom.presentation import build_role
from pynetdicom.sop_class import (
    StorageCommitmentPushModel,
    StorageCommitmentPushModelInstance,
    Verification,
)

from pacs import commitment
from pacs.association import Destination, SendError, SendFailure
from pacs.commitment import OnReport, Report, request_commitment
from pacs.listener import Listener, ListenerSettings, StoreStatus
from pacs.peers import Admission, Peer

pytestmark = pytest.mark.slow

OBJECTS = [(MRImageStorage, "1.2.3.1"), (MRImageStorage, "1.2.3.2")]


@dataclass
class Archive:
    """A storage commitment SCP that answers as told and may report on the same association."""

    status: int = 0
    asked: list[Dataset] = field(default_factory=list)
    failing: tuple[str, ...] | None = None
    is_early: bool = False
    answers: list[int] = field(default_factory=list)

    def act(self, event: Event) -> tuple[int, None]:
        self.asked.append(event.action_information)
        if self.failing is not None:
            report = report_of(self.asked[-1], *self.failing)
            if self.is_early:
                self.answers.append(report_on(event.assoc, report))
            else:  # the handler's association is busy until it has answered
                Timer(0.2, lambda: self.answers.append(report_on(event.assoc, report))).start()
        return self.status, None


def report_on(association: object, report: Dataset) -> int:
    kind = 2 if "FailedSOPSequence" in report else 1
    answer, _ = association.send_n_event_report(  # type: ignore[attr-defined]
        report, kind, StorageCommitmentPushModel, StorageCommitmentPushModelInstance
    )
    return int(answer.Status)


def report_of(asked: Dataset, *failed: str) -> Dataset:
    report = Dataset()
    report.TransactionUID = asked.TransactionUID
    report.ReferencedSOPSequence = []
    report.FailedSOPSequence = []
    for item in asked.ReferencedSOPSequence:
        if item.ReferencedSOPInstanceUID in failed:
            item.FailureReason = 0x0112
            report.FailedSOPSequence.append(item)
        else:
            report.ReferencedSOPSequence.append(item)
    for keyword in ("ReferencedSOPSequence", "FailedSOPSequence"):
        if not report[keyword].value:
            delattr(report, keyword)
    return report


@pytest.fixture
def archive() -> Archive:
    return Archive()


@pytest.fixture
def destination(archive: Archive) -> Iterator[Destination]:
    entity = AE("ARCHIVE")
    entity.add_supported_context(StorageCommitmentPushModel)
    server = entity.start_server(
        ("127.0.0.1", 0),
        block=False,
        evt_handlers=[(evt.EVT_N_ACTION, archive.act)],
    )
    yield Destination("127.0.0.1", server.server_address[1], "ARCHIVE", "SPINEMAP", timeout_s=5)
    server.shutdown()


def test_what_is_asked_names_transaction_and_every_object(
    archive: Archive, destination: Destination
) -> None:
    request_commitment(destination, "1.9.1", OBJECTS, lambda _: None, wait_s=0)
    (asked,) = archive.asked
    assert asked.TransactionUID == "1.9.1"
    items = asked.ReferencedSOPSequence
    asked_for = [(item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID) for item in items]
    assert asked_for == OBJECTS


def test_refusal_is_a_named_failure_with_its_status(
    archive: Archive, destination: Destination
) -> None:
    archive.status = 0x0213
    with pytest.raises(SendError, match="0x0213") as caught:
        request_commitment(destination, "1.9.1", OBJECTS, lambda _: None, wait_s=0)
    assert caught.value.failure is SendFailure.COMMITMENT_REFUSED


@pytest.mark.parametrize("status", [0x0118, 0x0122, 0x0211])
def test_peer_that_does_not_know_the_service_does_not_offer_it(
    archive: Archive, destination: Destination, status: int
) -> None:
    archive.status = status
    with pytest.raises(SendError) as caught:
        request_commitment(destination, "1.9.1", OBJECTS, lambda _: None, wait_s=0)
    assert caught.value.failure is SendFailure.CONTEXT_REJECTED


def test_peer_without_the_context_does_not_offer_it(listen: Callable[..., Destination]) -> None:
    with pytest.raises(SendError, match="Storage Commitment") as caught:
        request_commitment(listen(), "1.9.1", OBJECTS, lambda _: None, wait_s=0)
    assert caught.value.failure is SendFailure.CONTEXT_REJECTED


def test_report_on_the_same_association_ends_the_waiting(
    archive: Archive, destination: Destination
) -> None:
    archive.failing = ("1.2.3.2",)
    reports: list[Report] = []
    started = time.monotonic()
    request_commitment(destination, "1.9.1", OBJECTS, reports.append, wait_s=30)
    assert time.monotonic() - started < 15
    assert reports == [Report("1.9.1", ("1.2.3.1",), {"1.2.3.2": 0x0112})]
    _wait(lambda: archive.answers == [0])


def _wait(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert condition()


def test_report_before_the_answer_counts_and_the_answer_too(
    archive: Archive, destination: Destination
) -> None:
    archive.failing, archive.is_early = (), True
    reports: list[Report] = []
    request_commitment(destination, "1.9.1", OBJECTS, reports.append, wait_s=30)
    assert reports == [Report("1.9.1", ("1.2.3.1", "1.2.3.2"), {})]
    assert archive.answers == [0]


def test_association_is_not_released_before_the_report_is_answered(
    archive: Archive, destination: Destination, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = commitment._answer

    def answer_late(event: Event, on_report: OnReport) -> tuple[int, None]:
        result = answer(event, on_report)
        time.sleep(0.5)
        return result

    monkeypatch.setattr(commitment, "_answer", answer_late)
    archive.failing = ()
    request_commitment(destination, "1.9.1", OBJECTS, lambda _: None, wait_s=30)
    _wait(lambda: archive.answers == [0])


@pytest.fixture
def reported() -> list[Report]:
    return []


@pytest.fixture
def port(reported: list[Report]) -> Iterator[int]:
    """Return the port of a listener of ours that takes reports."""
    peer = Peer("ARCHIVE", (ip_network("127.0.0.1"),))
    settings = ListenerSettings("127.0.0.1", 0, Admission(("SPINEMAP",), (peer,)))

    def keep(report: Report) -> None:
        if report.transaction_uid == "1.9.0":
            raise OSError(28, "No space left on device")
        reported.append(report)

    listener = Listener(settings, lambda _: StoreStatus.SUCCESS, on_report=keep)
    listener.start()
    yield listener.port
    listener.stop(grace_s=1)


def _report_anew(port: int, report: Dataset, calling: str = "ARCHIVE", *, role: bool = True) -> int:
    """Report on an association that the archive opens, as PS3.4, J.3.3 asks."""
    entity = AE(calling)
    entity.add_requested_context(StorageCommitmentPushModel, ExplicitVRLittleEndian)
    roles = [build_role(StorageCommitmentPushModel, scp_role=True)] if role else []
    association = entity.associate("127.0.0.1", port, ext_neg=roles, ae_title="SPINEMAP")
    if not association.is_established:
        return -1
    status = report_on(association, report)
    association.release()
    return status


@pytest.fixture
def report() -> Dataset:
    asked = Dataset()
    asked.TransactionUID = "1.9.1"
    asked.ReferencedSOPSequence = []
    for _, uid in OBJECTS:
        item = Dataset()
        item.ReferencedSOPInstanceUID = uid
        asked.ReferencedSOPSequence.append(item)
    return report_of(asked)


def test_report_on_a_new_association_is_taken_by_the_listener(
    port: int, reported: list[Report], report: Dataset
) -> None:
    assert _report_anew(port, report) == 0
    assert reported == [Report("1.9.1", ("1.2.3.1", "1.2.3.2"), {})]


def test_stranger_cannot_report(port: int, reported: list[Report], report: Dataset) -> None:
    assert _report_anew(port, report, calling="STRANGER") == -1
    assert reported == []


def test_report_that_cannot_be_kept_is_not_acknowledged(port: int, report: Dataset) -> None:
    report.TransactionUID = "1.9.0"
    assert _report_anew(port, report) == 0x0110


def test_report_without_a_transaction_is_an_invalid_argument(
    port: int, reported: list[Report], report: Dataset
) -> None:
    del report.TransactionUID
    assert _report_anew(port, report) == 0x0115
    assert reported == []


def test_listener_still_answers_to_everything_else(port: int) -> None:
    entity = AE("ARCHIVE")
    entity.add_requested_context(Verification)
    association = entity.associate("127.0.0.1", port, ae_title="SPINEMAP")
    assert association.send_c_echo().Status == 0
    association.release()
