"""`serve` as a process, with the stand-in analysis: what a restart, a kill and SIGTERM do."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
import yaml

from app.service.register import Register
from pacs.listener import Listener, ListenerSettings, ReceivedInstance, StoreStatus
from pacs.peers import Admission
from pacs.sender import Destination, SendError, SendFailure, echo, send

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]


@dataclass
class Served:
    """A served instance as a process."""

    process: subprocess.Popen[str]
    worker: int

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(10)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def received() -> list[ReceivedInstance]:
    return []


@pytest.fixture
def pacs(received: list[ReceivedInstance]) -> Iterator[Listener]:
    def store(instance: ReceivedInstance) -> StoreStatus:
        received.append(instance)
        return StoreStatus.SUCCESS

    listener = Listener(ListenerSettings("127.0.0.1", 0, Admission(("PACS",), ())), store)
    listener.start()
    yield listener
    listener.stop()


@pytest.fixture
def site(tmp_path: Path, pacs: Listener) -> dict[str, object]:
    return {
        "storage": {"root": str(tmp_path / "data")},
        "quiet_time_s": 1.0,
        "listener": {
            "port": _free_port(),
            "peers": [{"ae_title": "MR1", "addresses": ["127.0.0.1"]}],
        },
        "web": {"port": _free_port()},
        "destinations": [
            {"name": "pacs", "host": "127.0.0.1", "port": pacs.port, "ae_title": "PACS"}
        ],
    }


@pytest.fixture
def start(tmp_path: Path, site: dict[str, object]) -> Iterator[Callable[[], Served]]:
    started: list[Served] = []

    def start() -> Served:
        path = tmp_path / "site.yaml"
        path.write_text(yaml.safe_dump(site))
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.app.service.standin", str(path)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        assert process.stdout is not None
        word, pid = process.stdout.readline().split()
        assert word == "ready"
        started.append(Served(process, int(pid)))
        return started[-1]

    yield start
    for served in started:
        if served.process.poll() is None:
            served.kill()
        if served.process.stdout:
            served.process.stdout.close()


@pytest.fixture
def destination(site: dict[str, object]) -> Destination:
    port = site["listener"]["port"]  # type: ignore[index]
    return Destination("127.0.0.1", port, "SPINEMAP", "MR1", timeout_s=10)


@pytest.fixture
def files(tmp_path: Path, make_instance: Callable[..., ReceivedInstance]) -> list[Path]:
    return [_file(tmp_path, make_instance(uid=f"1.2.3.{number}")) for number in range(5)]


def _file(folder: Path, instance: ReceivedInstance) -> Path:
    path = folder / f"{instance.meta.sop_instance_uid}.dcm"
    path.write_bytes(instance.header + instance.data_set)
    return path


def _until(condition: Callable[[], bool], timeout_s: float = 20) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert condition()


def _send(files: list[Path], destination: Destination) -> None:
    send(files, destination, lambda _stored: None)


def test_study_in_results_out_and_sigterm_ends_with_zero(
    start: Callable[[], Served],
    destination: Destination,
    files: list[Path],
    received: list[ReceivedInstance],
    site: dict[str, object],
    tmp_path: Path,
) -> None:
    served = start()
    _send(files, destination)
    _until(lambda: len(received) == 1)
    assert b"5 instances" in received[0].data_set
    register = Register(tmp_path / "data")
    _until(lambda: register.receipt("1.2.3.1", "pacs").is_complete)
    page = f"http://127.0.0.1:{site['web']['port']}"  # type: ignore[index]
    assert "1.2.3.1" in httpx.get(page).text
    assert httpx.get(f"{page}/readyz").status_code == 200
    began = time.monotonic()
    assert served.stop() == 0
    assert time.monotonic() - began < 5
    assert not Path(f"/proc/{served.worker}").exists()


def test_unknown_titles_are_refused(start: Callable[[], Served], destination: Destination) -> None:
    from dataclasses import replace

    start()
    for change in ({"calling_ae_title": "STRANGER"}, {"ae_title": "SOMEBODY"}):
        with pytest.raises(SendError) as caught:
            echo(replace(destination, **change))  # type: ignore[arg-type]
        assert caught.value.failure is SendFailure.ASSOCIATION_REJECTED


@pytest.mark.parametrize("end", [Served.stop, Served.kill], ids=["SIGTERM", "SIGKILL"])
def test_restart_within_the_quiet_time_loses_nothing(
    start: Callable[[], Served],
    destination: Destination,
    files: list[Path],
    received: list[ReceivedInstance],
    end: Callable[[Served], object],
) -> None:
    served = start()
    _send(files[:3], destination)
    end(served)
    start()
    _send(files[3:], destination)
    _until(lambda: len(received) == 1)
    assert b"5 instances" in received[0].data_set
    time.sleep(1.5)
    assert len(received) == 1


def test_killed_worker_is_respawned_and_the_study_analyzed(
    start: Callable[[], Served],
    destination: Destination,
    files: list[Path],
    received: list[ReceivedInstance],
) -> None:
    served = start()
    os.kill(served.worker, signal.SIGKILL)
    _send(files, destination)
    _until(lambda: len(received) == 1)
    assert served.process.poll() is None


def test_kill_in_the_middle_of_an_analysis_is_made_good_at_the_next_start(
    start: Callable[[], Served],
    destination: Destination,
    make_instance: Callable[..., ReceivedInstance],
    received: list[ReceivedInstance],
    tmp_path: Path,
) -> None:
    served = start()
    _send([_file(tmp_path, make_instance(patient="SLOW"))], destination)
    _until((tmp_path / "data" / "work" / "1.2.3.1" / "out").is_dir)
    served.kill()
    _until(lambda: not Path(f"/proc/{served.worker}").exists())
    start()
    _until(lambda: len(received) == 1)


def test_sigterm_in_the_middle_of_an_analysis_ends_within_seconds_with_zero(
    start: Callable[[], Served],
    destination: Destination,
    make_instance: Callable[..., ReceivedInstance],
    tmp_path: Path,
) -> None:
    served = start()
    _send([_file(tmp_path, make_instance(patient="HANG"))], destination)
    _until((tmp_path / "data" / "work" / "1.2.3.1" / "out").is_dir)
    began = time.monotonic()
    assert served.stop() == 0
    assert time.monotonic() - began < 5


def test_dead_destination_is_tried_until_it_is_back(
    start: Callable[[], Served],
    destination: Destination,
    files: list[Path],
    received: list[ReceivedInstance],
    pacs: Listener,
    tmp_path: Path,
) -> None:
    port = pacs.port
    pacs.stop()
    start()
    _send(files, destination)
    _until((tmp_path / "data" / "runs" / "1.2.3.1" / "outcome.json").exists)
    time.sleep(1)
    again = Listener(
        ListenerSettings("127.0.0.1", port, Admission(("PACS",), ())),
        lambda instance: received.append(instance) or StoreStatus.SUCCESS,  # type: ignore[func-returns-value]
    )
    again.start()
    try:
        _until(lambda: len(received) == 1)
    finally:
        again.stop()
