"""Receiver processes: real ones, on one port."""

import multiprocessing
import os
import shutil
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pydicom.uid import MRImageStorage

from app.service.arrivals import Arrival
from app.service.durable import make_folder_durably
from app.service.marks import note
from app.service.receiver import ReceptionSettings
from app.service.receivers import Receivers, _Receiver, open_reception
from app.service.register import Register
from pacs.listener import Listener, ListenerSettings, ReceivedInstance
from pacs.peers import Admission
from pacs.sender import Destination, SendError, echo, send
from pacs.spool import SpoolLimits
from tests.app.service.served import ROOT, until
from tests.app.service.short_of_processes import refuse_processes
from tests.pacs.raw import answer, associate, command, encode_data_set, pdu, send_raw

pytestmark = pytest.mark.slow

MakeInstance = Callable[..., ReceivedInstance]
LISTENER = ListenerSettings("127.0.0.1", 0, Admission(("SPINEMAP",), ()), 10)
# The first of an instance makes its content durable, the second the folder after the rename.
_KILL_BEFORE_SECOND_FSYNC = "inject=fsync:signal=SIGKILL:when=2"
SETTINGS = ReceptionSettings(LISTENER, SpoolLimits(), 2)


@pytest.fixture
def arrivals() -> list[Arrival]:
    return []


@pytest.fixture
def receivers(register: Register, arrivals: list[Arrival]) -> Iterator[Receivers]:
    receivers = Receivers(SETTINGS, register, arrivals.append)
    receivers.start()
    yield receivers
    receivers.stop()


@pytest.fixture
def destination(receivers: Receivers) -> Destination:
    return Destination("127.0.0.1", receivers.port, "SPINEMAP", "SENDER", timeout_s=20)


@pytest.fixture
def write(tmp_path: Path, make_instance: MakeInstance) -> Callable[..., Path]:
    def write(uid: str, **arguments: object) -> Path:
        instance = make_instance(uid=uid, **arguments)
        path = tmp_path / f"{uid}.dcm"
        path.write_bytes(instance.header + instance.data_set)
        return path

    return write


def _send(paths: list[Path], destination: Destination) -> None:
    send(paths, destination, lambda _: None)


def test_one_process_is_this_one(register: Register) -> None:
    settings = replace(SETTINGS, processes=1)
    assert isinstance(open_reception(settings, register, lambda _: None), Listener)


def test_many_senders_at_once_lose_nothing_and_every_arrival_is_told(
    destination: Destination,
    register: Register,
    arrivals: list[Arrival],
    write: Callable[..., Path],
) -> None:
    groups = [[write(f"1.2.3.{sender}.{number}") for number in range(25)] for sender in range(8)]
    # The whole of the first group comes a second time, at the same moment.
    threads = [threading.Thread(target=_send, args=(group, destination)) for group in groups]
    threads.append(threading.Thread(target=_send, args=(groups[0], destination)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(register.instances("1.2.3")) == 200
    until(lambda: len(arrivals) == 200)
    assert list(register.aside.iterdir()) == []
    assert list(register.staging.iterdir()) == []


def test_process_that_the_system_refuses_is_spawned_later(
    register: Register, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusals = refuse_processes(monkeypatch, 2)
    receivers = Receivers(SETTINGS, register, lambda _: None)
    receivers.start()
    try:
        assert len(receivers.pids) == 2
        assert refusals == []
    finally:
        receivers.stop()


def test_killed_process_is_replaced_and_what_it_had_begun_is_removed(
    receivers: Receivers, destination: Destination, register: Register, write: Callable[..., Path]
) -> None:
    association = associate(destination)
    send_raw(association, [pdu((3, command("1.2.3.4")), (0, b"half"))])
    until(lambda: len(list(register.staging.iterdir())) == 1)
    before = set(receivers.pids)
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    until(lambda: len(set(receivers.pids) - before) == 2, timeout_s=60)
    assert list(register.staging.iterdir()) == []
    _send([write("1.2.3.5")], destination)
    assert register.instances("1.2.3") == ["1.2.3.5"]


def test_what_a_killed_process_had_stored_but_not_told_is_found_on_disk(
    register: Register, arrivals: list[Arrival], tmp_path: Path, write: Callable[..., Path]
) -> None:
    make_folder_durably(register.input_folder("1.2.3"))
    # Nothing else is left to be made durable than the instance.
    note(register, Arrival("1.2.3", MRImageStorage, "SENDER", "SPINEMAP"))
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    receivers = Receivers(SETTINGS, register, arrivals.append)
    receivers.start()
    destination = Destination("127.0.0.1", receivers.port, "SPINEMAP", "SENDER", timeout_s=20)
    traced = [_killing_trace(pid, tmp_path) for pid in receivers.pids]
    try:
        with pytest.raises(SendError):
            _send([write("1.2.3.4")], destination)
        until(lambda: len(arrivals) == 1)
        assert arrivals == [Arrival("1.2.3", MRImageStorage, "SENDER", "SPINEMAP")]
        assert register.instances("1.2.3") == ["1.2.3.4"]
    finally:
        receivers.stop()
        for trace in traced:
            trace.wait(20)


def test_one_instance_under_way_twice_is_told_by_the_one_that_kept_it(
    register: Register, arrivals: list[Arrival]
) -> None:
    receivers = Receivers(SETTINGS, register, arrivals.append)
    connection, child = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process()
    receiver = _Receiver(process, connection, started_at=0.0)
    arrival = Arrival("1.2.3", MRImageStorage, "SENDER", "SPINEMAP", is_urgent=True)
    for number in (0, 1):
        receivers._hear(
            receiver, {"expected": number, "uid": "1.2.3.4", "arrival": arrival.to_json()}
        )
    receivers._hear(receiver, {"settled": 0})
    assert (arrivals, list(receiver.expected)) == ([], [1])
    receivers._hear(receiver, {"arrived": 1})
    assert (arrivals, receiver.expected) == ([arrival], {})
    connection.close()
    child.close()


def _killing_trace(pid: int, folder: Path) -> "subprocess.Popen[bytes]":
    """Let a process be killed between rename and fsync of the folder."""
    log = folder / f"strace-{pid}"
    trace = subprocess.Popen(
        [
            "strace",
            "-f",
            "-p",
            str(pid),
            "-o",
            str(log),
            "-e",
            _KILL_BEFORE_SECOND_FSYNC,
        ],
        stderr=subprocess.PIPE,
    )
    assert trace.stderr is not None
    assert b"attached" in trace.stderr.readline()
    return trace


def test_sigterm_lets_the_association_under_way_finish(
    receivers: Receivers, destination: Destination, register: Register, arrivals: list[Arrival]
) -> None:
    association = associate(destination)
    association._reactor_checkpoint.clear()
    content = encode_data_set("1.2.3.4")
    send_raw(association, [pdu((3, command("1.2.3.4")), (0, content[:10]))])
    until(lambda: len(list(register.staging.iterdir())) == 1)
    for pid in receivers.pids:
        os.kill(pid, signal.SIGTERM)
    send_raw(association, [pdu((2, content[10:]))])
    assert answer(association) == 0
    association._reactor_checkpoint.set()
    association.release()
    until(lambda: len(arrivals) == 1)
    assert register.instances("1.2.3") == ["1.2.3.4"]


def test_stopped_receivers_are_unreachable_and_gone(
    receivers: Receivers, destination: Destination
) -> None:
    echo(destination)
    pids = receivers.pids
    receivers.stop()
    with pytest.raises(SendError):
        echo(destination)
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
    assert not receivers.is_listening


def test_receivers_die_with_their_parent(tmp_path: Path) -> None:
    program = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from app.service.receivers import Receivers\n"
        "from app.service.register import Register\n"
        "from tests.app.service.test_receivers import SETTINGS\n"
        "if __name__ == '__main__':\n"
        "    register = Register(Path(sys.argv[1]))\n"
        "    register.prepare()\n"
        "    receivers = Receivers(SETTINGS, register, print)\n"
        "    receivers.start()\n"
        "    print(*receivers.pids, flush=True)\n"
        "    time.sleep(600)\n"
    )
    script = tmp_path / "parent.py"
    script.write_text(program)
    parent = subprocess.Popen(
        [sys.executable, str(script), str(tmp_path / "data")],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert parent.stdout is not None
    pids = parent.stdout.readline().split()
    assert len(pids) == 2
    parent.kill()
    parent.wait(20)
    until(lambda: not any(Path(f"/proc/{int(pid)}").exists() for pid in pids))
    parent.stdout.close()


def test_instance_of_500_mb_is_never_in_memory(
    receivers: Receivers, destination: Destination, register: Register
) -> None:
    size, piece = 500 << 20, bytes(1 << 17)
    before = {pid: _peak_bytes(pid) for pid in receivers.pids}
    association = associate(destination)
    association._reactor_checkpoint.clear()
    head = encode_data_set("1.2.3.4") + struct.pack("<HH2sHI", 0x7FE0, 0x0010, b"OW", 0, size)
    send_raw(association, [pdu((3, command("1.2.3.4")), (0, head))])
    for _ in range(size // len(piece) - 1):
        send_raw(association, [pdu((0, piece))])
    send_raw(association, [pdu((2, piece))])
    assert answer(association) == 0
    association._reactor_checkpoint.set()
    association.release()
    assert register.instance_path("1.2.3", "1.2.3.4").stat().st_size > size
    growth = max(_peak_bytes(pid) - peak for pid, peak in before.items())
    assert growth < 32 << 20


def _peak_bytes(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024
