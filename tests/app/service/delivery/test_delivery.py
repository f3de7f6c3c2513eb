from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

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

    def store(self, instance: ReceivedInstance) -> StoreStatus:
        if self.refuse_after is not None and len(self.received) >= self.refuse_after:
            return StoreStatus.OUT_OF_RESOURCES
        self.received.append(instance.meta.sop_instance_uid)
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
