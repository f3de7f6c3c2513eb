"""Many senders at once, some of which break off; one study that comes in parts."""

import json
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.service.records import State
from pacs.part10 import seek_data_set
from tests.app.service.delivery.archive import Archive
from tests.app.service.served import until
from tests.chaos.fault_clock import Clock, build_clock
from tests.chaos.fault_site import WAIT_S, Site
from tests.pacs.raw import associate, command, pdu, send_raw

pytestmark = pytest.mark.slow

SENDERS = 8
QUICK, FULL = 40, 1000
SHARED = "1.2.900"
LAST_COMMAND, DATA = 3, 0


@dataclass
class _Sender(threading.Thread):
    """Sends its own study and its part of a shared one, interleaved, and breaks off often."""

    site: Site
    number: int
    each: int
    acknowledged: set[Path] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__()
        self.study = f"1.2.{self.number}"
        shared = {0: range(self.each // 2), 1: range(self.each // 4, self.each)}
        self.own = [
            self.site.write(f"{self.study}.{n}", self.study)
            for n in range(self.each - len(shared.get(self.number, ())))
        ]
        # The same instance from two senders, for half of what each has of it.
        self.shared = [
            self.site.write(f"{SHARED}.{n}", SHARED) for n in shared.get(self.number, ())
        ]

    def __hash__(self) -> int:
        return id(self)

    def run(self) -> None:
        paths = sorted(self.own + self.shared, key=lambda path: hash(path.name))
        share = max(len(paths) // 5, 1)
        for start in range(0, len(paths), share):
            self._break_off(paths[start])
            self.acknowledged.update(self.site.send(*paths[start : start + share]))

    def _break_off(self, path: Path) -> None:
        """Begin to send an instance, and abort within its data set."""
        association = associate(self.site.destination)
        with path.open("rb") as file:
            seek_data_set(file)
            content = file.read()
        send_raw(
            association,
            [pdu((LAST_COMMAND, command(path.stem)), (DATA, content[: len(content) // 2]))],
        )
        association.abort()


def test_interleaved_senders_that_break_off_lose_nothing_and_each_study_has_one_result(
    site: Site,
    archive: Archive,
    chaos_full: bool,  # noqa: FBT001 - a fixture
) -> None:
    each = FULL if chaos_full else QUICK
    # Beyond every pause of a thread of this process on a busy machine.
    site.changes["quiet_time_s"] = 20.0 if chaos_full else 5.0
    site.start()
    senders = [_Sender(site, number, each) for number in range(SENDERS)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert all(sender.acknowledged == {*sender.own, *sender.shared} for sender in senders)
    studies = [*(sender.study for sender in senders), SHARED]
    until(lambda: site.is_delivered(studies) and site.is_idle(), 4 * WAIT_S)
    for sender in senders:
        assert all(site.is_kept(path, sender.study) for path in sender.own)
        assert all(site.is_kept(path, SHARED) for path in sender.shared)
        assert _instances(site, sender.study) == [{path.stem for path in sender.own}]
    assert _instances(site, SHARED) == [{path.stem for sender in senders for path in sender.shared}]
    assert len(archive.uids) == len(set(archive.uids)) == len(studies)
    assert list((site.root / "work").glob("incoming-*")) == []


def _instances(site: Site, study: str) -> list[set[str]]:
    return [set(run.instances) for run in site.runs(study)]


@pytest.fixture
def clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock that every process of the service reads, and the test sets."""
    clock = build_clock(tmp_path)
    for name, value in clock.variables.items():
        monkeypatch.setenv(name, value)
    return clock


def test_study_over_three_associations_has_one_result_though_the_clock_is_set_back(
    site: Site, archive: Archive, clock: Clock
) -> None:
    site.changes["quiet_time_s"] = 5.0
    site.start()
    paths = [site.write(f"1.2.3.{n}") for n in range(6)]
    for number in range(3):
        assert len(site.send(*paths[2 * number : 2 * number + 2])) == 2
        clock.set_back(3600 * (number + 1))
        # A pause is what is tested: well below the quiet time, all together above it.
        time.sleep(2.0)
    until(lambda: site.is_delivered() and site.is_idle(), WAIT_S)
    assert _instances(site, "1.2.3") == [{path.stem for path in paths}]
    assert len(archive.uids) == 1
    # The run was opened by the clock that was set back.
    opened = datetime.fromisoformat(site.runs()[0].analysis_time)
    assert opened < datetime.now(UTC) - timedelta(hours=2)


def test_longer_pauses_give_one_current_result_that_supersedes_the_earlier(
    site: Site, archive: Archive, clock: Clock
) -> None:
    site.start()
    for number in range(3):
        site.send(site.write(f"1.2.3.{number}", series="1.5.1"))
        until(lambda: len(archive.uids) == number + 1 and site.is_idle(), WAIT_S)  # noqa: B023
        clock.set_back(3600 * (number + 1))
    # Of a series that is not selected: looked at, and nothing said.
    site.send(site.write("1.2.3.9", series="1.5.9"))
    until(lambda: site.states()[3:] == [State.NOTHING_TO_SEND] and site.is_idle(), WAIT_S)
    assert site.states()[:3] == [State.WRITTEN] * 3
    assert [_revision(site, number) for number in (1, 2, 3)] == [1, 2, 3]
    assert len(archive.uids) == len(set(archive.uids)) == 3


def test_delivery_that_waits_does_not_wait_longer_when_the_clock_is_set_back(
    site: Site, archive: Archive, clock: Clock
) -> None:
    archive.refused["1.2.840.10008.5.1.4.1.1.7"] = 0xA700
    site.start()
    site.send(site.write("1.2.3.1"))
    attempts = site.register.delivery_path("1.2.3.1", "pacs", ".attempts")
    until(attempts.exists, WAIT_S)
    clock.set_back(3600)
    archive.refused.clear()
    until(lambda: site.is_delivered() and site.is_idle(), WAIT_S)
    assert len(archive.uids) == 1


def _revision(site: Site, number: int) -> int:
    path = site.register.run_folder(f"1.2.3.{number}") / "results.json"
    return int(json.loads(path.read_text())["revision"])
