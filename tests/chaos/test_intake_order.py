"""An answer is never sent before the instance is durable: seen by the kernel, and by a recorder.

fsync of the file, rename, fsync of the folder, C-STORE response: in this order, always.
"""

import os
import re
import shutil
import subprocess
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pynetdicom.transport import AssociationSocket

from app.service.arrivals import Arrival
from app.service.receiver import ReceptionSettings
from app.service.receivers import Receivers, open_reception
from app.service.register import Register
from pacs.listener import Listener, ListenerSettings
from pacs.peers import Admission
from pacs.sender import Destination, send
from pacs.spool import SpoolLimits
from tests.app.service.served import until
from tests.pacs.raw import write_instances

pytestmark = pytest.mark.slow

SENDERS, EACH = 4, 5
CALLS = "trace=fsync,fdatasync,rename,renameat,renameat2,link,linkat,sendto,sendmsg"
_CALL = re.compile(r"^(?P<thread>\d+) +(?P<name>\w+)\((?P<arguments>.*)\) += (?P<result>-?\d+)")


@pytest.fixture
def register(tmp_path: Path) -> Register:
    register = Register(tmp_path / "data")
    register.prepare()
    return register


def _settings(processes: int) -> ReceptionSettings:
    listener = ListenerSettings("127.0.0.1", 0, Admission(("SPINEMAP",), ()))
    return ReceptionSettings(listener, SpoolLimits(), processes)


def _send_all(port: int, folder: Path) -> None:
    destination = Destination("127.0.0.1", port, "SPINEMAP", "SENDER", timeout_s=30)
    groups = [
        write_instances(folder, [f"1.2.3.{sender}.{number}" for number in range(EACH)])
        for sender in range(SENDERS)
    ]
    threads = [
        threading.Thread(target=send, args=(group, destination, lambda _: None)) for group in groups
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _check(steps: list[tuple[str, str]], register: Register) -> int:
    """Check what one thread did between two answers; return how many instances it kept."""
    kept, since_answer = 0, []
    for name, what in steps:
        if name != "answer":
            since_answer.append((name, what))
            continue
        # Besides the instance, what the first one of a study says of it.
        for at in (at for at, (step, _) in enumerate(since_answer) if step == "rename"):
            source, target = since_answer[at][1].split(" ")
            assert ("fsync", source) in since_answer[:at]
            assert ("fsync", str(Path(target).parent)) in since_answer[at:]
            kept += Path(target).parent == register.input_folder("1.2.3")
        since_answer = []
    assert since_answer == []
    return kept


def test_kernel_saw_no_answer_before_its_instance_was_durable(
    register: Register, tmp_path: Path, attach: Callable[[list[int], Path], None]
) -> None:
    receivers = Receivers(_settings(2), register, lambda _: None)
    receivers.start()
    log = tmp_path / "strace"
    try:
        attach(receivers.pids, log)
        _send_all(receivers.port, tmp_path)
    finally:
        receivers.stop()
    # The tracer writes its last lines when those it traced are gone.
    until(lambda: log.read_text().count("+++ exited") >= 2)
    steps = _traced_steps(log.read_text())
    assert sum(_check(thread, register) for thread in steps.values()) == SENDERS * EACH


@pytest.fixture
def attach() -> Iterator[Callable[[list[int], Path], None]]:
    """Trace running processes; skip where that is not possible."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    if subprocess.run(["strace", "-o", "/dev/null", "true"], check=False).returncode:
        pytest.skip("strace is not permitted")
    tracers: list[subprocess.Popen[str]] = []

    def attach(pids: list[int], log: Path) -> None:
        targets = [word for pid in pids for word in ("-p", str(pid))]
        command = ["strace", "-f", "-y", "-s", "2", "-o", str(log), "-e", CALLS, *targets]
        tracer = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        tracers.append(tracer)
        assert tracer.stderr is not None
        for _ in pids:
            assert "attached" in tracer.stderr.readline()

    yield attach
    for tracer in tracers:
        tracer.terminate()
        tracer.wait(20)
        if tracer.stderr:
            tracer.stderr.close()


def _traced_steps(log: str) -> dict[str, list[tuple[str, str]]]:
    """Return the steps of each thread, in the order in which they ended."""
    steps: dict[str, list[tuple[str, str]]] = defaultdict(list)
    begun: dict[str, str] = {}
    for raw in log.splitlines():
        line = raw
        thread = line.split(" ", 1)[0]
        if line.endswith("<unfinished ...>"):
            begun[thread] = line.removesuffix("<unfinished ...>").rstrip()
            continue
        if " resumed>" in line:
            line = begun.pop(thread) + line.split(" resumed>", 1)[1]
        match = _CALL.match(line)
        if match is None:
            continue
        assert match["result"] != "-1", line
        steps[thread] += _step(match["name"], match["arguments"])
    return steps


def _step(name: str, arguments: str) -> list[tuple[str, str]]:
    if name == "fsync":
        return [("fsync", arguments.split("<", 1)[1].rstrip(">"))]
    if name == "rename":
        return [("rename", " ".join(re.findall(r'"([^"]*)"', arguments)))]
    # P-DATA-TF (PS3.8, table 9-22) is the answer; association and release are other types.
    if name == "sendto" and r', "\4\0"' in arguments:
        return [("answer", "")]
    if name in {"sendto", "sendmsg"}:
        return []
    raise AssertionError(f"an instance got there by {name}")


def test_recorder_saw_no_answer_before_its_instance_was_durable(
    register: Register, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: dict[int, list[tuple[str, str]]] = defaultdict(list)

    def record(name: str, what: str) -> None:
        steps[threading.get_ident()].append((name, what))

    real = {"fsync": os.fsync, "rename": os.rename, "send": AssociationSocket.send}

    def fsync(descriptor: int) -> None:
        real["fsync"](descriptor)
        record("fsync", str(Path(f"/proc/self/fd/{descriptor}").readlink()))

    def rename(source: Path, target: Path) -> None:
        real["rename"](source, target)
        record("rename", f"{source} {target}")

    def answer(connection: AssociationSocket, content: bytes) -> None:
        if content[0] == 4 and type(connection) is not AssociationSocket:
            record("answer", "")
        real["send"](connection, content)

    arrivals: list[Arrival] = []
    listener = open_reception(_settings(1), register, arrivals.append)
    assert isinstance(listener, Listener)
    listener.start()
    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "rename", rename)
    monkeypatch.setattr(AssociationSocket, "send", answer)
    try:
        _send_all(listener.port, tmp_path)
    finally:
        listener.stop()
    assert sum(_check(thread, register) for thread in steps.values()) == SENDERS * EACH
    assert len(arrivals) == SENDERS * EACH


@pytest.mark.parametrize("error", ["EIO", "ENOSPC"])
def test_what_the_kernel_could_not_make_durable_is_not_acknowledged(
    register: Register, tmp_path: Path, error: str, inject: Callable[[list[int], str], None]
) -> None:
    receivers = Receivers(_settings(2), register, lambda _: None)
    receivers.start()
    try:
        inject(receivers.pids, f"inject=fsync:error={error}")
        destination = Destination("127.0.0.1", receivers.port, "SPINEMAP", "SENDER", timeout_s=30)
        with pytest.raises(Exception, match="0xA700"):
            send(write_instances(tmp_path, ["1.2.3.4"]), destination, lambda _: None)
        assert list(register.root.glob("studies/*/in/*")) == []
    finally:
        receivers.stop()


@pytest.fixture
def inject() -> Iterator[Callable[[list[int], str], None]]:
    """Let system calls of running processes fail; skip where that is not possible."""
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    tracers: list[subprocess.Popen[str]] = []

    def inject(pids: list[int], fault: str) -> None:
        targets = [word for pid in pids for word in ("-p", str(pid))]
        command = ["strace", "-f", "-o", "/dev/null", "-e", fault, *targets]
        tracer = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        tracers.append(tracer)
        assert tracer.stderr is not None
        for _ in pids:
            if "attached" not in tracer.stderr.readline():
                pytest.skip("strace is not permitted")

    yield inject
    for tracer in tracers:
        tracer.terminate()
        tracer.wait(20)
        if tracer.stderr:
            tracer.stderr.close()
