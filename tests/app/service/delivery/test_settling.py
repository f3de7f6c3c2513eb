import json
import time
from collections.abc import Callable, Iterator
from ipaddress import ip_network

import pytest

from app.service.delivery import (
    COMMITMENT_PENDING,
    DELIVERED,
    CommitmentBook,
    Route,
    read_attempts,
    settling,
)
from app.service.delivery.routes import CommitmentRule
from app.service.register import Register
from pacs.commitment import Report
from pacs.listener import Listener, ListenerSettings, StoreStatus
from pacs.peers import Admission, Peer
from pacs.sender import Destination
from tests.app.service.delivery.archive import Archive
from tests.app.service.delivery.conftest import RUN, UIDS, Clock, Deliver

ON_THE_SAME_ASSOCIATION = 0


@pytest.fixture
def archive() -> Iterator[Archive]:
    archive = Archive(commits=True)
    yield archive
    archive.stop()


@pytest.fixture
def port(register: Register) -> Iterator[int]:
    """Return the port on which we take reports."""
    admission = Admission(("SPINEMAP",), (Peer("PACS", (ip_network("127.0.0.1"),)),))
    listener = Listener(
        ListenerSettings("127.0.0.1", 0, admission),
        lambda _: StoreStatus.SUCCESS,
        on_report=CommitmentBook(register).keep,
    )
    listener.start()
    yield listener.port
    listener.stop(grace_s=1)


def _route(destination: Destination, wait_s: float = 0, *, is_required: bool = False) -> Route:
    return Route(destination, commitment=CommitmentRule(is_required, 3600, wait_s))


def _wait(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert condition()


def _asked(archive: Archive) -> list[set[str]]:
    return [
        {item.ReferencedSOPInstanceUID for item in asked.ReferencedSOPSequence}
        for asked in archive.asked
    ]


def test_report_on_the_same_association_completes_the_delivery(
    archive: Archive, deliver: Deliver, register: Register
) -> None:
    archive.reports = ON_THE_SAME_ASSOCIATION
    assert deliver(_route(archive.start(), wait_s=10)) == DELIVERED
    receipt = register.receipt(RUN, "pacs")
    assert receipt.is_complete
    assert receipt.committed == tuple(sorted(UIDS))
    assert receipt.transactions == {}
    assert list((register.root / "commitments").iterdir()) == []
    assert _asked(archive) == [set(UIDS.values())]


def test_report_on_a_new_association_completes_the_delivery_at_the_next_look(
    archive: Archive, deliver: Deliver, register: Register, port: int
) -> None:
    archive.reports = port
    route = _route(archive.start())
    assert deliver(route) == COMMITMENT_PENDING
    assert not register.receipt(RUN, "pacs").is_complete
    _wait(lambda: archive.acknowledged == [0])
    assert deliver(route) == DELIVERED
    assert len(archive.asked) == 1
    assert len(archive.received) == 3


def test_what_is_not_committed_is_sent_and_asked_for_again_and_nothing_else(
    archive: Archive, deliver: Deliver, register: Register
) -> None:
    archive.reports = ON_THE_SAME_ASSOCIATION
    archive.lost = (UIDS["b.dcm"],)
    route = _route(archive.start(), wait_s=10)
    assert deliver(route) == "COMMITMENT_FAILED"
    receipt = register.receipt(RUN, "pacs")
    assert set(receipt.committed) == {"a.dcm", "c.dcm"}
    assert set(receipt.objects) == {"a.dcm", "c.dcm"}
    attempts = read_attempts(register, RUN, "pacs")
    assert attempts is not None
    assert attempts.detail == "1 objects: 0x0112"
    archive.lost = ()
    assert deliver(route) == DELIVERED
    assert archive.uids[3:] == [UIDS["b.dcm"]]
    assert _asked(archive)[1] == {UIDS["b.dcm"]}
    assert len(set(archive.received)) == 3


def test_waiting_goes_on_after_a_restart_without_asking_again(
    archive: Archive, deliver: Deliver, clock: Clock
) -> None:
    route = _route(archive.start())
    for _ in range(3):
        assert deliver(route) == COMMITMENT_PENDING
        clock.advance(1000)
    assert len(archive.asked) == 1
    assert len(archive.received) == 3


def test_question_before_which_the_service_died_is_asked_at_the_next_look_without_alarm(
    archive: Archive, deliver: Deliver, register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    archive.reports = ON_THE_SAME_ASSOCIATION
    route = _route(archive.start(), wait_s=10)
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(settling, "request_commitment", die)
        deliver(route)
    assert list(register.receipt(RUN, "pacs").transactions.values()) == [""]
    assert deliver(route) == DELIVERED
    assert read_attempts(register, RUN, "pacs") is None
    assert len(archive.received) == 3


def test_report_that_never_comes_is_asked_for_again_with_one_alarm(
    archive: Archive,
    deliver: Deliver,
    register: Register,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
) -> None:
    route = _route(archive.start())
    for _ in range(3):
        assert deliver(route) == COMMITMENT_PENDING
        clock.advance(3600)
    assert len(archive.asked) == 3
    assert len({asked.TransactionUID for asked in archive.asked}) == 3
    assert len(archive.received) == 3
    alarms = [text for text in caplog.messages if text.startswith("DELIVERY_OVERDUE")]
    assert len(alarms) == 1
    assert "COMMITMENT_OVERDUE 3 objects, no report within 3600 s" in alarms[0]
    attempts = read_attempts(register, RUN, "pacs")
    assert attempts is not None
    assert (attempts.failure, attempts.alarms) == ("COMMITMENT_OVERDUE", ("COMMITMENT_OVERDUE",))


def test_late_report_on_the_first_question_counts(
    archive: Archive, deliver: Deliver, register: Register, clock: Clock, port: int
) -> None:
    route = _route(archive.start())
    deliver(route)
    clock.advance(3600)
    deliver(route)
    archive.report(archive.asked[0], port)
    assert deliver(route) == DELIVERED
    assert read_attempts(register, RUN, "pacs") is None


def test_questions_without_report_are_closed_once_all_is_committed(
    archive: Archive, deliver: Deliver, register: Register, clock: Clock, port: int
) -> None:
    route = _route(archive.start())
    deliver(route)
    clock.advance(3600)
    deliver(route)
    archive.report(archive.asked[1], port)
    assert deliver(route) == DELIVERED
    assert register.receipt(RUN, "pacs").transactions == {}
    assert list((register.root / "commitments").iterdir()) == []


def test_clock_set_back_does_not_make_the_waiting_longer(
    archive: Archive, deliver: Deliver, clock: Clock
) -> None:
    route = _route(archive.start())
    deliver(route)
    clock.advance(-86400)
    deliver(route)
    assert len(archive.asked) == 2


def test_destination_that_offers_no_commitment_is_noted(
    archive: Archive, deliver: Deliver, register: Register
) -> None:
    archive.commits = False
    assert deliver(_route(archive.start())) == DELIVERED
    receipt = register.receipt(RUN, "pacs")
    assert receipt.notes == {"commitment": "not offered"}
    assert receipt.transactions == {}


def test_commitment_that_is_required_but_not_offered_is_a_failure(
    archive: Archive, deliver: Deliver, register: Register
) -> None:
    archive.commits = False
    route = _route(archive.start(), is_required=True)
    assert deliver(route) == "CONTEXT_REJECTED"
    assert not register.receipt(RUN, "pacs").is_complete
    assert deliver(route) == "CONTEXT_REJECTED"
    assert len(archive.received) == 3


def test_destination_that_refuses_again_and_again_is_noted_where_nothing_else_is_required(
    archive: Archive, deliver: Deliver, register: Register
) -> None:
    archive.action_status = 0x0213
    route = _route(archive.start())
    states = [deliver(route) for _ in range(3)]
    assert states == ["COMMITMENT_REFUSED", "COMMITMENT_REFUSED", DELIVERED]
    assert register.receipt(RUN, "pacs").notes == {"commitment": "0x0213"}
    assert len(archive.received) == 3


def test_destination_that_refuses_is_asked_without_end_where_it_must_commit(
    archive: Archive, deliver: Deliver
) -> None:
    archive.action_status = 0x0213
    destination = archive.start()
    route = _route(destination, is_required=True)
    assert {deliver(route) for _ in range(5)} == {"COMMITMENT_REFUSED"}
    archive.action_status, archive.reports = 0, ON_THE_SAME_ASSOCIATION
    assert deliver(_route(destination, wait_s=10, is_required=True)) == DELIVERED


def test_nothing_is_asked_where_that_is_not_wanted(archive: Archive, deliver: Deliver) -> None:
    assert deliver(Route(archive.start())) == DELIVERED
    assert archive.asked == []


def test_report_on_a_transaction_nobody_opened_leaves_no_trace(register: Register) -> None:
    book = CommitmentBook(register)
    for transaction in ("2.25.1", "../../x", ""):
        book.keep(Report(transaction, ("1.2.3",), {}))
    assert not (register.root / "commitments").exists()


def test_book_names_the_run_and_not_the_patient(register: Register) -> None:
    transaction = CommitmentBook(register).open(RUN, "pacs")
    content = json.loads((register.root / "commitments" / f"{transaction}.json").read_text())
    assert content == {"run_id": RUN, "destination": "pacs"}
    assert transaction.startswith("2.25.")
    assert len(transaction) <= 64
