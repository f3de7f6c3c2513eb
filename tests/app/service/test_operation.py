"""A served instance, with the stand-in analysis, in the hands of whoever looks after it."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
import yaml

from app.service.register import Register
from app.service.workflow_rows import read_rows
from pacs.listener import Listener, ListenerSettings, ReceivedInstance, StoreStatus
from pacs.peers import Admission
from pacs.sender import Destination, SendError, send
from tests.app.service.served import Served, free_port, run_command, serve, until

pytestmark = pytest.mark.slow

MakeInstance = Callable[..., ReceivedInstance]
RUN = "1.2.3.1"


@dataclass
class _Pacs:
    """A destination that can be away."""

    port: int = field(default_factory=free_port)
    received: list[str] = field(default_factory=list)
    listener: Listener | None = None

    def open(self) -> None:
        def store(instance: ReceivedInstance) -> StoreStatus:
            self.received.append(instance.meta.sop_instance_uid)
            return StoreStatus.SUCCESS

        settings = ListenerSettings("127.0.0.1", self.port, Admission(("PACS",), ()))
        self.listener = Listener(settings, store)
        self.listener.start()

    def close(self) -> None:
        if self.listener is not None:
            self.listener.stop()
        self.listener = None


@pytest.fixture
def pacs() -> Iterator[_Pacs]:
    pacs = _Pacs()
    yield pacs
    pacs.close()


@dataclass
class _Site:
    """One installation: a disk, a settings file, and who serves out of it."""

    folder: Path
    pacs: _Pacs
    make_instance: MakeInstance
    port: int = field(default_factory=free_port)
    web: int = field(default_factory=free_port)
    started: list[Served] = field(default_factory=list)

    @property
    def register(self) -> Register:
        return Register(self.folder / "data")

    @property
    def config(self) -> Path:
        return self.folder / "site.yaml"

    def start(self) -> Served:
        self.started.append(serve(self.folder, self.settings()))
        assert self.started[-1].first_line.startswith("ready")
        return self.started[-1]

    def settings(self) -> dict[str, object]:
        return {
            "storage": {"root": str(self.folder / "data")},
            "quiet_time_s": 0.5,
            "listener": {
                "port": self.port,
                "peers": [{"ae_title": "MR1", "addresses": ["127.0.0.1"]}],
            },
            "web": {"port": self.web},
            "destinations": [
                {
                    "name": "pacs",
                    "host": "127.0.0.1",
                    "port": self.pacs.port,
                    "ae_title": "PACS",
                    "timeout_s": 5,
                    "rejection_notes": True,
                }
            ],
        }

    def write_config(self) -> None:
        self.config.write_text(yaml.safe_dump(self.settings()))

    @property
    def destination(self) -> Destination:
        return Destination("127.0.0.1", self.port, "SPINEMAP", "MR1", timeout_s=10)

    def send(self, patient: str = "P1", study: str = "1.2.3") -> None:
        instance = self.make_instance(uid=f"{study}.1", study=study, patient=patient)
        path = self.folder / f"{study}.dcm"
        path.write_bytes(instance.header + instance.data_set)
        send([path], self.destination, lambda _stored: None)

    def command(self, *words: str) -> int:
        return run_command(*words, "--config", self.config)

    def state(self) -> str | None:
        outcome = self.register.outcome(RUN)
        return outcome.state.value if outcome else None

    def metrics(self) -> str:
        return httpx.get(f"http://127.0.0.1:{self.web}/metrics").text

    def delivery_waits(self) -> bool:
        """Tell whether a try to deliver has ended and the next is due later."""
        rows = read_rows(self.register.root).rows
        return any(
            name.startswith(f"deliver/{RUN}") and row.status == "DELAYED"
            for name, row in rows.items()
        )


@pytest.fixture
def make_site(
    tmp_path: Path, pacs: _Pacs, make_instance: MakeInstance
) -> Iterator[Callable[[str], _Site]]:
    made: list[_Site] = []

    def make(name: str) -> _Site:
        (tmp_path / name).mkdir()
        made.append(_Site(tmp_path / name, pacs, make_instance))
        return made[-1]

    yield make
    for served in (served for site in made for served in site.started):
        served.end()


@pytest.fixture
def site(make_site: Callable[[str], _Site]) -> _Site:
    return make_site("site")


def test_failed_run_is_analyzed_again_on_request(site: _Site, pacs: _Pacs) -> None:
    pacs.open()
    site.start()
    site.send(patient="FAIL ONCE")
    until(lambda: site.state() == "failed")
    assert 'spinemap_runs{code="TRUNCATED",state="failed"} 1.0' in site.metrics()
    assert site.command("retry", RUN) == 0
    until(lambda: len(pacs.received) == 1)
    assert site.state() == "written"
    assert site.command("retry", RUN) == 5


def test_request_while_nobody_serves_is_taken_up_at_the_next_start(
    site: _Site, pacs: _Pacs
) -> None:
    pacs.open()
    served = site.start()
    site.send(patient="FAIL ONCE")
    until(lambda: site.state() == "failed")
    served.kill()
    assert site.command("retry", RUN) == 0
    site.start()
    until(lambda: len(pacs.received) == 1)


def test_delivery_that_waits_for_its_next_try_goes_at_once_on_request(
    site: _Site, pacs: _Pacs
) -> None:
    site.start()
    site.send()
    # 2 + 4 + 8 s of pauses have passed or begun: the next is due in 16 s.
    until(lambda: f"deliver/{RUN}/pacs/4" in read_rows(site.register.root).rows, 60)
    pacs.open()
    began = time.monotonic()
    assert site.command("retry", RUN, "--destination", "pacs") == 0
    until(lambda: len(pacs.received) == 1, 60)
    assert time.monotonic() - began < 14
    until(lambda: site.register.receipt(RUN, "pacs").is_complete)


def test_held_run_is_tried_and_not_sent_until_it_is_released(site: _Site, pacs: _Pacs) -> None:
    pacs.open()
    site.start()
    site.send(patient="UNTIL HELD")
    until((site.register.root / "runs" / RUN / "run.json").is_file)
    assert site.command("hold", RUN) == 0
    until(lambda: site.state() == "written")
    until(site.delivery_waits)
    assert pacs.received == []
    assert "spinemap_held_runs 1.0" in site.metrics()
    assert site.command("hold", RUN, "--release") == 0
    until(lambda: len(pacs.received) == 1)


def test_recalled_run_is_rejected_at_the_pacs_by_command(site: _Site, pacs: _Pacs) -> None:
    pacs.open()
    site.start()
    site.send()
    until(lambda: site.register.receipt(RUN, "pacs").is_complete)
    wanted = ("recall", "--model", "stand-in@1.0.0", "--reject", "patient-safety")
    assert site.command(*wanted) == 2
    assert site.command(*wanted, "--yes") == 0
    until(lambda: site.register.receipt(RUN, "pacs").is_rejected)
    assert len(pacs.received) == 2
    assert 'spinemap_recalled_deliveries{state="rejected"} 1.0' in site.metrics()


def test_run_recalled_while_nobody_serves_is_rejected_after_the_next_start(
    site: _Site, pacs: _Pacs
) -> None:
    pacs.open()
    served = site.start()
    site.send()
    until(lambda: site.register.receipt(RUN, "pacs").is_complete)
    served.kill()
    assert site.command("recall", "--model", "stand-in", "--reject", "quality", "--yes") == 0
    site.start()
    until(lambda: len(pacs.received) == 2)


def test_backup_of_a_running_service_goes_on_elsewhere_without_a_second_delivery(
    make_site: Callable[[str], _Site], pacs: _Pacs, tmp_path: Path
) -> None:
    pacs.open()
    first, second = make_site("first"), make_site("second")
    served = first.start()
    first.send()
    until(lambda: first.register.receipt(RUN, "pacs").is_complete)
    backup = str(tmp_path / "backup.tar")
    assert first.command("backup", backup) == 0
    served.kill()
    second.write_config()
    assert second.command("restore", backup) == 0
    assert second.command("restore", backup) != 0
    second.start()
    # The same instance again is no news; another study goes through.
    second.send()
    second.send(study="1.2.4")
    until(lambda: second.register.receipt("1.2.4.1", "pacs").is_complete)
    assert len(pacs.received) == len(set(pacs.received)) == 2
    assert {path.name for path in (second.register.root / "runs").iterdir()} == {RUN, "1.2.4.1"}


def test_metrics_of_a_running_service_tell_what_it_did(site: _Site, pacs: _Pacs) -> None:
    pacs.open()
    site.start()
    site.send()
    until(lambda: site.register.receipt(RUN, "pacs").is_complete)
    until(lambda: 'spinemap_step_seconds_count{step="infer"} 1.0' in site.metrics())
    text = site.metrics()
    assert 'spinemap_instances_received_total{called_ae_title="SPINEMAP"} 1.0' in text
    assert 'spinemap_oldest_undelivered_seconds{destination="pacs"} 0.0' in text
    assert "spinemap_workflow_database_readable 1.0" in text
    page = f"http://127.0.0.1:{site.web}"
    assert httpx.get(f"{page}/healthz").json() == {
        "status": "ok",
        "completion": True,
        "inference": True,
        "listener": True,
        "watchdog": True,
    }
    assert httpx.get(f"{page}/readyz").status_code == 200


def test_service_is_not_ready_while_a_lost_worker_loads_again(site: _Site) -> None:
    served = site.start()
    page = f"http://127.0.0.1:{site.web}/readyz"
    os.kill(int(served.first_line.split()[1]), signal.SIGKILL)
    until(lambda: httpx.get(page).json()["models"] is False)
    until(lambda: httpx.get(page).status_code == 200)


class _Sender(threading.Thread):
    """Sends new instances over one association until it is told no."""

    def __init__(self, site: _Site, number: int) -> None:
        super().__init__()
        self._destination = site.destination
        self.study = f"1.2.{number}"
        self.acknowledged: list[str] = []
        self._files = []
        for count in range(400):
            uid = f"{self.study}.{count}"
            instance = site.make_instance(uid=uid, study=self.study, patient="P" * 200_000)
            path = site.folder / f"{uid}.dcm"
            path.write_bytes(instance.header + instance.data_set)
            self._files.append(path)

    def run(self) -> None:
        try:
            send(
                self._files,
                self._destination,
                lambda stored: self.acknowledged.append(stored.sop_instance_uid),
            )
        except SendError:
            return


def test_sigterm_under_load_ends_with_zero_in_time_and_keeps_what_was_acknowledged(
    site: _Site, pacs: _Pacs
) -> None:
    served = site.start()
    senders = [_Sender(site, number) for number in range(10, 14)]
    for sender in senders:
        sender.start()
    # A browser that keeps its connection, and a page that is being read.
    with httpx.Client() as browser:
        browser.get(f"http://127.0.0.1:{site.web}/")
        until(lambda: all(sender.acknowledged for sender in senders))
        began = time.monotonic()
        served.process.send_signal(signal.SIGTERM)
        assert served.process.wait(30) == 0
        assert time.monotonic() - began < 10
    for sender in senders:
        sender.join(60)
        kept = set(site.register.instances(sender.study))
        assert kept.issuperset(sender.acknowledged)
