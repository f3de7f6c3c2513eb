"""A disk that is really full, at intake, at inference and at the database, and freed later."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from app.service.records import State
from app.service.workflow_rows import read_rows
from tests.app.service.delivery.archive import Archive
from tests.app.service.served import until
from tests.chaos.fault_site import WAIT_S, Site

pytestmark = pytest.mark.slow

MIB = 1 << 20
MountDisk = Callable[[Path, int], Path]


class Ballast:
    """Takes what a disk has left."""

    def __init__(self, disk: Path) -> None:
        self._path = disk / "ballast"

    def fill(self, left: int = 0) -> None:
        """Take all but so many bytes."""
        disk = os.statvfs(self._path.parent)
        size = disk.f_bavail * disk.f_frsize - left
        with self._path.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, size)

    def free(self) -> None:
        self._path.unlink()


class Log:
    """What a service has said on its standard error."""

    def __init__(self, capture: pytest.CaptureFixture[str]) -> None:
        self._capture, self._text = capture, ""

    def says(self, words: str) -> bool:
        self._text += self._capture.readouterr().err
        return words in self._text


@pytest.mark.parametrize("reserve_bytes", [0, 1 << 40], ids=["to the last byte", "below reserve"])
def test_disk_full_at_intake_refuses_loses_nothing_and_recovers_by_itself(
    site: Site, mount_disk: MountDisk, archive: Archive, reserve_bytes: int
) -> None:
    disk = mount_disk(site.root, 64)
    site.changes["storage"] = {"root": str(site.root), "reserve_bytes": reserve_bytes}
    site.start()
    paths = [site.write(f"1.2.3.{n}", pixels=os.urandom(MIB)) for n in range(16)]
    ballast = Ballast(disk)
    # Room for some of them only, beside a reserve of 5 %.
    ballast.fill(left=8 * MIB)
    taken = site.send(*paths)
    assert 0 < len(taken) < len(paths)
    assert all(site.is_kept(path) for path in taken)
    assert site.send(paths[-1]) == []
    ballast.free()
    # As a sender does that was told to come again; the quiet time of what it had sent is over
    # perhaps, and the rest another run.
    rest = [path for path in paths if path not in taken]
    until(lambda: site.send(rest[0]) == rest[:1], WAIT_S)
    assert site.send(*rest) == rest
    assert all(site.is_kept(path) for path in paths)
    until(lambda: _all_seen(site, len(paths)) and site.is_idle(), WAIT_S)
    assert len(archive.uids) == len(set(archive.uids)) >= 1
    assert list((site.root / "work").glob("incoming-*")) == []


def _all_seen(site: Site, count: int) -> bool:
    runs = site.runs()
    if not runs or len(runs[-1].instances) < count:
        return False
    return site.register.receipt(runs[-1].run_id, "pacs").is_complete


@pytest.mark.parametrize("left", [0, 64 << 10], ids=["to the last byte", "room for the outcome"])
def test_disk_full_at_inference_is_nobodys_failure_and_the_run_is_delivered_later(
    site: Site,
    mount_disk: MountDisk,
    archive: Archive,
    left: int,
    capfd: pytest.CaptureFixture[str],
) -> None:
    disk = mount_disk(site.root, 64)
    site.start()
    ballast = Ballast(disk)
    assert len(site.send(site.write("1.2.3.1", patient="SLOW AND LARGE"))) == 1
    until((site.root / "work" / "1.2.3.1" / "out").is_dir, WAIT_S)
    ballast.fill(left)
    log = Log(capfd)
    until(lambda: log.says("run 1.2.3.1 interrupted: No space left on device"), WAIT_S)
    assert site.states() == [None]
    assert archive.uids == []
    ballast.free()
    until(lambda: site.is_delivered() and site.is_idle(), WAIT_S)
    assert site.states() == [State.WRITTEN]
    assert len(archive.uids) == 1


@pytest.mark.parametrize("patient", ["P1", "SLOW"], ids=["before the run", "within the run"])
def test_disk_full_at_the_database_loses_nothing_and_repeats_no_delivery(
    site: Site,
    mount_disk: MountDisk,
    archive: Archive,
    patient: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    # A disk of its own: what is tested is the database, not the register beside it.
    disk = mount_disk(site.folder / "database", 16)
    site.root.mkdir()
    (site.root / "workflows.sqlite").symlink_to(disk / "workflows.sqlite")
    site.start()
    ballast = Ballast(disk)
    path = site.write("1.2.3.1", patient=patient)
    if patient == "SLOW":
        site.send(path)
        until((site.root / "work" / "1.2.3.1" / "out").is_dir, WAIT_S)
        ballast.fill()
        until(lambda: site.states() == [State.WRITTEN], WAIT_S)
        complaint = "abandoned workflows: OperationalError"
    else:
        ballast.fill()
        assert site.send(path) == [path]
        complaint = "run 1.2.3.1 not queued: OperationalError"
    log = Log(capfd)
    until(lambda: log.says(complaint), WAIT_S)
    ballast.free()
    until(lambda: site.is_delivered() and site.is_idle(), WAIT_S)
    assert len(archive.uids) == 1
    assert read_rows(site.root).is_readable
