import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian, MRImageStorage, RawDataStorage
from pynetdicom import AE, evt
from pynetdicom.association import Association
from pynetdicom.events import Event

from pacs.listener import StoreStatus
from pacs.sender import Destination, SendError, SendFailure, Stored, send
from tests.pacs.conftest import Recorder

pytestmark = pytest.mark.slow

Listen = Callable[..., Destination]
WriteInstance = Callable[..., Path]


def test_objects_are_sent_in_order_and_each_is_reported(
    listen: Listen, recorder: Recorder, write_instance: WriteInstance
) -> None:
    paths = [write_instance("b.dcm"), write_instance("a.dcm", RawDataStorage)]
    stored: list[Stored] = []
    send(paths, listen(), stored.append)
    assert [item.path for item in stored] == paths
    assert [item.status for item in stored] == [0, 0]
    assert [item.meta.sop_instance_uid for item in recorder.received] == [
        item.sop_instance_uid for item in stored
    ]


def test_refused_transfer_syntax_is_named_and_keeps_no_other_object_back(
    listen: Listen, recorder: Recorder, write_instance: WriteInstance
) -> None:
    paths = [
        write_instance("b.dcm", RawDataStorage, DeflatedExplicitVRLittleEndian),
        write_instance("a.dcm"),
    ]
    stored: list[Stored] = []
    with pytest.raises(SendError, match="Raw Data Storage") as caught:
        send(paths, listen(), stored.append)
    assert caught.value.failure is SendFailure.CONTEXT_REJECTED
    assert [item.path for item in stored] == paths[1:]
    assert [item.meta.sop_class_uid for item in recorder.received] == [MRImageStorage]


def test_all_contexts_refused_is_a_named_failure(
    listen: Listen, write_instance: WriteInstance
) -> None:
    path = write_instance("b.dcm", MRImageStorage, DeflatedExplicitVRLittleEndian)
    with pytest.raises(SendError, match="MR Image Storage") as caught:
        send([path], listen(), lambda _: None)
    assert caught.value.failure is SendFailure.CONTEXT_REJECTED


def test_peer_without_room_is_asked_once(
    listen: Listen, recorder: Recorder, write_instance: WriteInstance
) -> None:
    recorder.answer = StoreStatus.OUT_OF_RESOURCES
    paths = [write_instance("a.dcm", SOPInstanceUID="1.9.9"), write_instance("b.dcm")]
    stored: list[Stored] = []
    with pytest.raises(SendError, match=r"0xA700 for 1\.9\.9") as caught:
        send(paths, listen(), stored.append)
    assert caught.value.failure is SendFailure.NOT_STORED
    assert stored == []
    assert len(recorder.received) == 1


def test_each_refused_object_is_named_with_its_status(
    listen: Listen, recorder: Recorder, write_instance: WriteInstance
) -> None:
    recorder.answer = StoreStatus.CANNOT_UNDERSTAND
    names = {"a.dcm": "1.9.8", "b.dcm": "1.9.9"}
    paths = [write_instance(name, SOPInstanceUID=uid) for name, uid in names.items()]
    with pytest.raises(SendError, match=r"0xC000 for 1\.9\.8; 0xC000 for 1\.9\.9") as caught:
        send(paths, listen(), lambda _: None)
    assert caught.value.failure is SendFailure.NOT_STORED


@pytest.mark.parametrize("status", [0xB000, 0xB006, 0xB007, 0x0111])
def test_warning_and_duplicate_count_as_stored(
    listen: Listen, recorder: Recorder, write_instance: WriteInstance, status: int
) -> None:
    recorder.answer = status  # type: ignore[assignment]
    stored: list[Stored] = []
    send([write_instance("a.dcm")], listen(), stored.append)
    assert [item.status for item in stored] == [status]


def test_file_that_is_no_dicom_is_a_named_failure(listen: Listen, tmp_path: Path) -> None:
    path = tmp_path / "noise.dcm"
    path.write_bytes(b"noise")
    with pytest.raises(SendError) as caught:
        send([path], listen(), lambda _: None)
    assert caught.value.failure is SendFailure.FILE_UNREADABLE


def test_answer_is_not_lost_to_the_reactor(
    listen: Listen, write_instance: WriteInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_reactor = Association._run_reactor

    def run_reactor_late(association: Association) -> None:
        # Woken, but not yet running again: what a busy machine does once in a while.
        checkpoint = association._reactor_checkpoint
        wait = checkpoint.wait
        checkpoint.wait = lambda: (wait(), time.sleep(0.01))
        run_reactor(association)

    monkeypatch.setattr(Association, "_run_reactor", run_reactor_late)
    paths = [write_instance(f"{number}.dcm") for number in range(20)]
    stored: list[Stored] = []
    send(paths, replace(listen(), timeout_s=1), stored.append)
    assert len(stored) == 20


# The first is longer than a label may be, so that nobody is asked; the second nobody knows.
@pytest.mark.parametrize("host", ["p" * 64, "no such host"])
def test_host_name_that_does_not_resolve_is_named(write_instance: WriteInstance, host: str) -> None:
    nowhere = Destination(host, 104, "A", "B", 1)
    with pytest.raises(SendError) as caught:
        send([write_instance("a.dcm")], nowhere, lambda _: None)
    assert caught.value.failure is SendFailure.UNREACHABLE
    assert caught.value.detail == f"{host}:104"


@pytest.fixture
def hanging() -> Iterator[socket.socket]:
    """Return a port that accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def test_peer_that_never_answers_the_request_is_given_up(
    hanging: socket.socket, write_instance: WriteInstance
) -> None:
    port = hanging.getsockname()[1]
    started = time.monotonic()
    with pytest.raises(SendError) as caught:
        send([write_instance("a.dcm")], Destination("127.0.0.1", port, "A", "B", 1), lambda _: None)
    assert caught.value.failure is SendFailure.UNREACHABLE
    assert time.monotonic() - started < 10


def test_failed_attempts_leave_no_thread_behind(
    hanging: socket.socket, write_instance: WriteInstance
) -> None:
    path = write_instance("a.dcm")
    before = threading.active_count()
    for port in (1, hanging.getsockname()[1]) * 3:
        with pytest.raises(SendError):
            send([path], Destination("127.0.0.1", port, "A", "B", 0.2), lambda _: None)
    deadline = time.monotonic() + 10
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.05)
    assert threading.active_count() <= before


def test_peer_that_never_answers_an_object_is_given_up(
    listen: Listen, recorder: Recorder, write_instance: WriteInstance
) -> None:
    done = threading.Event()
    recorder.hold = lambda: done.wait(20)
    started = time.monotonic()
    with pytest.raises(SendError) as caught:
        send([write_instance("a.dcm")], replace(listen(), timeout_s=1), lambda _: None)
    assert time.monotonic() - started < 10
    done.set()
    assert caught.value.failure is SendFailure.ABORTED


def test_peer_that_stops_reading_is_given_up(write_instance: WriteInstance) -> None:
    # Above what the sockets of both sides buffer.
    large = write_instance("a.dcm", BitsAllocated=8, PixelData=bytes(32 << 20))
    stopped = threading.Event()

    def stop_reading(event: Event) -> None:
        event.assoc.dul.socket.recv = lambda _size: (stopped.wait(30), b"")[1]

    entity = AE("STALLED")
    entity.add_supported_context(MRImageStorage)
    handlers = [(evt.EVT_ACCEPTED, stop_reading)]
    server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
    stalled = Destination("127.0.0.1", server.server_address[1], "STALLED", "SENDER", timeout_s=1)
    started = time.monotonic()
    with pytest.raises(SendError) as caught:
        send([large], stalled, lambda _: None)
    # Time for an answer is allowed by size; it must not be what ends this.
    assert time.monotonic() - started < 20
    assert caught.value.failure is SendFailure.ABORTED
    stopped.set()
    server.shutdown()
