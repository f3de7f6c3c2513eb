"""`serve` as a process, with the stand-in analysis: what a restart, a kill and SIGTERM do."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from app.service.register import Register
from pacs.listener import Listener, ListenerSettings, ReceivedInstance, StoreStatus
from pacs.peers import Admission
from pacs.sender import Destination, SendError, SendFailure, echo, send
from tests.app.service.served import Served, free_port, serve, until

pytestmark = pytest.mark.slow


@pytest.fixture
def site(tmp_path: Path, pacs: Listener) -> dict[str, object]:
    return {
        "storage": {"root": str(tmp_path / "data")},
        "quiet_time_s": 1.0,
        "listener": {
            "port": free_port(),
            "peers": [{"ae_title": "MR1", "addresses": ["127.0.0.1"]}],
        },
        "web": {"port": free_port()},
        "destinations": [
            {"name": "pacs", "host": "127.0.0.1", "port": pacs.port, "ae_title": "PACS"}
        ],
    }


@pytest.fixture
def start(tmp_path: Path, site: dict[str, object]) -> Iterator[Callable[[], Served]]:
    started: list[Served] = []

    def start() -> Served:
        started.append(serve(tmp_path, site))
        assert started[-1].first_line.startswith("ready")
        return started[-1]

    yield start
    for served in started:
        served.end()


def _worker(served: Served) -> int:
    return int(served.first_line.split()[1])


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
    until(lambda: len(received) == 1)
    assert b"5 instances" in received[0].data_set
    register = Register(tmp_path / "data")
    until(lambda: register.receipt("1.2.3.1", "pacs").is_complete)
    page = f"http://127.0.0.1:{site['web']['port']}"  # type: ignore[index]
    assert "1.2.3.1" in httpx.get(page).text
    assert httpx.get(f"{page}/readyz").status_code == 200
    began = time.monotonic()
    assert served.stop() == 0
    assert time.monotonic() - began < 5
    assert not Path(f"/proc/{_worker(served)}").exists()


def test_unknown_titles_are_refused(start: Callable[[], Served], destination: Destination) -> None:
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
    until(lambda: len(received) == 1)
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
    os.kill(_worker(served), signal.SIGKILL)
    _send(files, destination)
    until(lambda: len(received) == 1)
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
    until((tmp_path / "data" / "work" / "1.2.3.1" / "out").is_dir)
    served.kill()
    until(lambda: not Path(f"/proc/{_worker(served)}").exists())
    start()
    until(lambda: len(received) == 1)


def test_sigterm_in_the_middle_of_an_analysis_ends_within_seconds_with_zero(
    start: Callable[[], Served],
    destination: Destination,
    make_instance: Callable[..., ReceivedInstance],
    tmp_path: Path,
) -> None:
    served = start()
    _send([_file(tmp_path, make_instance(patient="HANG"))], destination)
    until((tmp_path / "data" / "work" / "1.2.3.1" / "out").is_dir)
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
    until((tmp_path / "data" / "runs" / "1.2.3.1" / "outcome.json").exists)
    time.sleep(1)
    again = Listener(
        ListenerSettings("127.0.0.1", port, Admission(("PACS",), ())),
        lambda instance: received.append(instance) or StoreStatus.SUCCESS,  # type: ignore[func-returns-value]
    )
    again.start()
    try:
        until(lambda: len(received) == 1)
    finally:
        again.stop()


def test_second_process_on_the_same_disk_is_refused(
    start: Callable[[], Served], site: dict[str, object], tmp_path: Path
) -> None:
    start()
    other = {**site, "listener": {"port": 0}, "web": {"port": 0}}
    second = serve(tmp_path, other)
    assert second.first_line == ""
    assert second.process.wait(10) != 0
    second.end()
