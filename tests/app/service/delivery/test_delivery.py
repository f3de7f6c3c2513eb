import errno
import fcntl
import os
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import TextIO

import pytest

from app.service.delivery import DELIVERED, Delivery, Route, pause_s
from app.service.records import RunOutcome, RunRecord, State
from app.service.register import Register
from pacs.listener import Listener, ListenerSettings, ReceivedInstance, StoreStatus
from pacs.peers import Admission
from pacs.sender import Destination

NAMES = ("b.dcm", "a.dcm", "c.dcm")


class Receiver:
    """A destination that can be told to refuse."""

    def __init__(self) -> None:
        self.received: list[str] = []
        self.refuse_after: int | None = None
        self.meanwhile: Callable[[], object] = lambda: None

    def store(self, instance: ReceivedInstance) -> StoreStatus:
        if self.refuse_after is not None and len(self.received) >= self.refuse_after:
            return StoreStatus.OUT_OF_RESOURCES
        self.received.append(instance.meta.sop_instance_uid)
        self.meanwhile()
        return StoreStatus.SUCCESS


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def destination(receiver: Receiver) -> Iterator[Destination]:
    listener = Listener(ListenerSettings("127.0.0.1", 0, Admission(("PACS",), ())), receiver.store)
    listener.start()
    yield Destination("127.0.0.1", listener.port, "PACS", "SPINEMAP", timeout_s=5)
    listener.stop()


@pytest.fixture
def run_id(register: Register, make_instance: Callable[..., ReceivedInstance]) -> str:
    """Return a run with three objects, to be sent in another order than that of their names."""
    record = RunRecord("1.2.3.1", "2026-01-02T03:04:05+00:00", "default", (), ("pacs",))
    register.write_run(record)
    _source, output = register.open_work(record)
    (output / "dicom").mkdir()
    for name in NAMES:
        instance = make_instance(uid=f"1.2.9.{ord(name[0])}")
        (output / "dicom" / name).write_bytes(instance.header + instance.data_set)
    register.close_work(record.run_id, RunOutcome(State.WRITTEN, None, NAMES))
    return record.run_id


def test_objects_arrive_in_order_and_the_receipt_says_so(
    register: Register, run_id: str, destination: Destination, receiver: Receiver
) -> None:
    assert Delivery(register, {"pacs": Route(destination)}).deliver(run_id, "pacs") == DELIVERED
    assert receiver.received == ["1.2.9.98", "1.2.9.97", "1.2.9.99"]
    receipt = register.receipt(run_id, "pacs")
    assert receipt.is_complete
    assert receipt.objects == dict.fromkeys(NAMES, 0)


def test_confirmed_objects_are_never_sent_again(
    register: Register, run_id: str, destination: Destination, receiver: Receiver
) -> None:
    delivery = Delivery(register, {"pacs": Route(destination)})
    receiver.refuse_after = 1
    assert delivery.deliver(run_id, "pacs") == "NOT_STORED"
    assert register.receipt(run_id, "pacs").objects == {"b.dcm": 0}
    assert not register.receipt(run_id, "pacs").is_complete
    receiver.refuse_after = None
    assert delivery.deliver(run_id, "pacs") == DELIVERED
    assert delivery.deliver(run_id, "pacs") == DELIVERED
    assert receiver.received == ["1.2.9.98", "1.2.9.97", "1.2.9.99"]


@pytest.mark.parametrize(
    ("change", "failure"),
    [({"port": 1}, "UNREACHABLE"), ({"ae_title": "OTHER"}, "ASSOCIATION_REJECTED")],
)
def test_failures_are_named(
    register: Register,
    run_id: str,
    destination: Destination,
    change: dict[str, object],
    failure: str,
) -> None:
    wrong = replace(destination, **change)  # type: ignore[arg-type]
    assert Delivery(register, {"pacs": Route(wrong)}).deliver(run_id, "pacs") == failure


def test_destination_that_is_no_longer_configured_is_named(register: Register, run_id: str) -> None:
    assert Delivery(register, {}).deliver(run_id, "pacs") == "NOT_CONFIGURED"


def test_object_that_is_gone_is_named(
    register: Register, run_id: str, destination: Destination
) -> None:
    Path(register.run_folder(run_id) / "dicom" / "a.dcm").unlink()
    delivery = Delivery(register, {"pacs": Route(destination)})
    assert delivery.deliver(run_id, "pacs") == "FILE_UNREADABLE"


def test_pauses_grow_and_are_bounded() -> None:
    assert [pause_s(attempt) for attempt in range(4)] == [2, 4, 8, 16]
    assert pause_s(10_000) == 300


def test_run_that_has_not_ended_is_never_delivered(register: Register) -> None:
    register.write_run(RunRecord("1.2.3.7", "2026-01-02T03:04:05+00:00", "default", (), ("pacs",)))
    away = Route(Destination("127.0.0.1", 1, "PACS", "SPINEMAP"))
    assert Delivery(register, {"pacs": away}).deliver("1.2.3.7", "pacs") == "NOT_WRITTEN"


def test_two_at_once_send_nothing_twice(
    register: Register, run_id: str, destination: Destination, receiver: Receiver
) -> None:
    delivery = Delivery(register, {"pacs": Route(destination)})
    second: list[str] = []
    receiver.meanwhile = lambda: second.append(delivery.deliver(run_id, "pacs"))
    assert delivery.deliver(run_id, "pacs") == DELIVERED
    assert second == ["BUSY"] * 3
    assert len(receiver.received) == 3


def test_delivery_leaves_no_file_behind_that_only_kept_others_from_it(
    register: Register, run_id: str, destination: Destination
) -> None:
    delivery = Delivery(register, {"pacs": Route(destination)})
    assert delivery.deliver(run_id, "elsewhere") == "NOT_CONFIGURED"
    assert delivery.deliver(run_id, "pacs") == DELIVERED
    assert list(register.staging.rglob("*.lock")) == []


def test_lock_that_was_let_go_while_we_reached_for_it_keeps_us_from_delivering(
    register: Register,
    run_id: str,
    destination: Destination,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    flock = fcntl.flock

    def flock_late(file: TextIO, operation: int) -> None:
        Path(file.name).unlink()
        flock(file, operation)

    delivery = Delivery(register, {"pacs": Route(destination)})
    with monkeypatch.context() as patch:
        # Whoever comes next makes another file and locks that: this one protects from nobody.
        patch.setattr(fcntl, "flock", flock_late)
        assert delivery.deliver(run_id, "pacs") == "BUSY"
    assert receiver.received == []
    assert delivery.deliver(run_id, "pacs") == DELIVERED


@pytest.mark.slow
def test_hanging_destination_delays_no_other(
    register: Register, run_id: str, destination: Destination, receiver: Receiver
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hanging = replace(destination, port=silent.getsockname()[1], timeout_s=3)
        delivery = Delivery(register, {"pacs": Route(destination), "old": Route(hanging)})
        states: list[str] = []
        thread = Thread(target=lambda: states.append(delivery.deliver(run_id, "old")))
        thread.start()
        assert delivery.deliver(run_id, "pacs") == DELIVERED
        assert thread.is_alive()
        thread.join(30)
    assert states == ["UNREACHABLE"]


def test_disk_that_cannot_take_the_receipt_costs_no_delivery(
    register: Register,
    run_id: str,
    destination: Destination,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fill(*_arguments: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    delivery = Delivery(register, {"pacs": Route(destination)})
    with monkeypatch.context() as full:
        full.setattr(Register, "write_receipt", fill)
        assert delivery.deliver(run_id, "pacs") == "OSError"
    assert receiver.received == []
    assert delivery.deliver(run_id, "pacs") == DELIVERED
    assert len(receiver.received) == 3


@pytest.mark.parametrize("what", ["", ".hold", ".attempts"])
def test_whatever_breaks_is_a_failure_and_never_an_exception(
    register: Register,
    run_id: str,
    destination: Destination,
    caplog: pytest.LogCaptureFixture,
    what: str,
) -> None:
    path = register.delivery_path(run_id, "pacs", what)
    path.parent.mkdir()
    path.write_text('{"Doe": ')
    assert Delivery(register, {"pacs": Route(destination)}).deliver(run_id, "pacs") == "INTERNAL"
    assert "JSONDecodeError" in caplog.text
    assert "Doe" not in caplog.text
