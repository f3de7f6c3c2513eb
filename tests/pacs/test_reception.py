import gc
import os
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from pynetdicom.association import Association

from pacs import reception
from pacs.listener import StoreStatus
from pacs.part10 import seek_data_set
from pacs.sender import Destination, echo
from pacs.spool import Spool
from tests.pacs.conftest import Recorder
from tests.pacs.raw import answer, associate, command, pdu, send_raw

pytestmark = pytest.mark.slow

WriteInstance = Callable[..., Path]
COMMAND, LAST_COMMAND, DATA, LAST_DATA = 1, 3, 0, 2
UID = "1.2.3.4"


@pytest.fixture
def incoming(tmp_path: Path) -> Path:
    folder = tmp_path / "incoming"
    folder.mkdir()
    return folder


@pytest.fixture
def destination(listen: Callable[..., Destination], incoming: Path) -> Destination:
    return listen(spool=Spool(incoming), idle_timeout_s=5.0)


@pytest.fixture
def content(write_instance: WriteInstance) -> bytes:
    with write_instance("a.dcm", SOPInstanceUID=UID).open("rb") as file:
        seek_data_set(file)
        return file.read()


def _until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert condition()


def _wait(association: Association) -> None:
    """Let the association's own thread take what the listener sends last."""
    association.join(20)


def test_command_and_data_set_in_one_pdu_and_in_many_are_the_same(
    destination: Destination, recorder: Recorder, content: bytes
) -> None:
    request = command(UID)
    whole = [pdu((LAST_COMMAND, request), (LAST_DATA, content))]
    pieces = [pdu((COMMAND, request[:5])), pdu((LAST_COMMAND, request[5:]))]
    pieces += [pdu((DATA, content[at : at + 1])) for at in range(len(content))]
    pieces += [pdu((LAST_DATA, b""))]
    bytewise = [bytes((byte,)) for byte in b"".join(pieces)]
    association = associate(destination)
    association._reactor_checkpoint.clear()
    for chunks in (whole, pieces, bytewise):
        send_raw(association, chunks)
        assert answer(association) == StoreStatus.SUCCESS
    association._reactor_checkpoint.set()
    association.release()
    assert [item.data_set for item in recorder.received] == [content] * 3
    assert all(item.is_consistent for item in recorder.received)


@pytest.mark.parametrize(("priority", "is_urgent"), [(0, False), (1, True), (2, False)])
def test_priority_high_is_urgent(
    destination: Destination,
    recorder: Recorder,
    content: bytes,
    priority: int,
    is_urgent: bool,  # noqa: FBT001
) -> None:
    association = associate(destination)
    association._reactor_checkpoint.clear()
    send_raw(association, [pdu((LAST_COMMAND, command(UID, priority)), (LAST_DATA, content))])
    assert answer(association) == StoreStatus.SUCCESS
    association._reactor_checkpoint.set()
    association.release()
    assert recorder.received[0].is_urgent is is_urgent


@pytest.mark.parametrize("end", ["abort", "close"])
def test_instance_of_which_the_end_never_comes_leaves_nothing(
    destination: Destination, recorder: Recorder, content: bytes, incoming: Path, end: str
) -> None:
    association = associate(destination)
    send_raw(association, [pdu((LAST_COMMAND, command(UID)), (DATA, content))])
    _until(lambda: len(list(incoming.iterdir())) == 1)
    if end == "abort":
        association.abort()
    else:
        association.dul.socket.socket.shutdown(socket.SHUT_RDWR)
    _until(lambda: list(incoming.iterdir()) == [])
    assert recorder.received == []
    echo(destination)


@pytest.mark.parametrize(
    "bad",
    [
        pdu((LAST_DATA, b"x"))[:6] + b"\xff\xff\xff\xff\x01\x02x",
        pdu((LAST_COMMAND, b"\xff" * 30)),
        pdu((LAST_COMMAND, command(UID)), (LAST_COMMAND, command(UID))),
        b"\x04\x00\xff\xff\xff\xff",
        b"\x42\x00\x00\x00\x00\x04abcd",
    ],
    ids=["length of item", "noise", "command in data", "endless PDU", "unknown PDU"],
)
def test_nonsense_ends_its_association_and_no_other(
    destination: Destination, recorder: Recorder, incoming: Path, bad: bytes
) -> None:
    other = associate(destination)
    association = associate(destination)
    send_raw(association, [bad])
    _wait(association)
    assert not association.is_established
    assert other.is_established
    other.release()
    assert recorder.received == []
    _until(lambda: list(incoming.iterdir()) == [])


def test_data_set_under_a_context_that_was_not_accepted_is_refused(
    destination: Destination, recorder: Recorder, content: bytes
) -> None:
    association = associate(destination)
    bad = bytearray(pdu((LAST_COMMAND, command(UID)), (LAST_DATA, content)))
    bad[10] = 99
    send_raw(association, [bytes(bad)])
    _wait(association)
    assert not association.is_established
    assert recorder.received == []


def test_peer_that_falls_silent_within_a_pdu_is_aborted(
    listen: Callable[..., Destination], recorder: Recorder, content: bytes, incoming: Path
) -> None:
    association = associate(listen(spool=Spool(incoming), idle_timeout_s=0.5))
    send_raw(association, [pdu((LAST_COMMAND, command(UID)), (DATA, content))[:-5]])
    _wait(association)
    assert association.is_aborted
    _until(lambda: list(incoming.iterdir()) == [])


def test_release_and_abort_end_the_wait_for_messages(
    destination: Destination, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reception, "_IDLE_INTERVAL_S", 60.0)
    started = time.monotonic()
    threads = threading.active_count()
    associate(destination).release()
    associate(destination).abort()
    _until(lambda: threading.active_count() <= threads)
    assert time.monotonic() - started < 20


def test_store_that_raises_is_not_acknowledged(
    destination: Destination, recorder: Recorder, content: bytes
) -> None:
    def fail() -> None:
        raise KeyError("Doe^Jane")

    recorder.hold = fail
    association = associate(destination)
    association._reactor_checkpoint.clear()
    send_raw(association, [pdu((LAST_COMMAND, command(UID)), (LAST_DATA, content))])
    assert answer(association) == StoreStatus.OUT_OF_RESOURCES
    association._reactor_checkpoint.set()
    association.release()


def test_ended_associations_leave_no_threads_and_no_descriptors(
    destination: Destination, content: bytes
) -> None:
    def count() -> tuple[int, int]:
        gc.collect()
        return threading.active_count(), len(os.listdir("/proc/self/fd"))  # noqa: PTH208

    _cycle(destination, content)
    before = count()
    for _ in range(5):
        _cycle(destination, content)
    _until(lambda: count()[0] <= before[0])
    _until(lambda: count()[1] <= before[1])


def _cycle(destination: Destination, content: bytes) -> None:
    associate(destination).release()
    broken = associate(destination)
    send_raw(broken, [pdu((LAST_COMMAND, command(UID)), (DATA, content))])
    broken.abort()
    _wait(broken)
