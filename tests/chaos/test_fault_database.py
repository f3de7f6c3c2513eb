"""The database deleted, or restored from yesterday: rebuilt, and nothing sent twice."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.app.service.delivery.archive import Archive
from tests.app.service.served import until
from tests.chaos.fault_site import WAIT_S, Site

pytestmark = pytest.mark.slow

DONE_YESTERDAY, DONE_TODAY, UNDER_WAY, ARRIVING = "1.2.1", "1.2.2", "1.2.3", "1.2.4"
NAMES = ("workflows.sqlite", "workflows.sqlite-wal", "workflows.sqlite-shm")


def _copy(source: Path, target: Path) -> None:
    """Make the database that of another day."""
    for name in NAMES:
        (target / name).unlink(missing_ok=True)
        if (source / name).exists():
            shutil.copy(source / name, target / name)


def _delete(_yesterday: Path, root: Path) -> None:
    _copy(root / "nowhere", root)


@pytest.mark.parametrize("lose", [_delete, _copy], ids=["deleted", "yesterday"])
def test_lost_database_is_rebuilt_and_no_destination_gets_anything_twice(
    site: Site, archive: Archive, lose: Callable[[Path, Path], None]
) -> None:
    yesterday = site.folder / "yesterday"
    yesterday.mkdir()
    served = site.start()
    site.send(site.write("1.2.1.1", DONE_YESTERDAY))
    until(lambda: site.is_delivered([DONE_YESTERDAY]) and site.is_idle(), WAIT_S)
    served.stop()
    _copy(site.root, yesterday)
    served = site.start()
    site.send(site.write("1.2.2.1", DONE_TODAY))
    until(lambda: site.is_delivered([DONE_TODAY]), WAIT_S)
    site.send(site.write("1.2.3.1", UNDER_WAY, patient="SLOW"))
    until((site.root / "work" / f"{UNDER_WAY}.1" / "out").is_dir, WAIT_S)
    site.send(site.write("1.2.4.1", ARRIVING))
    served.kill()
    lose(yesterday, site.root)
    site.start()
    until(lambda: site.is_delivered([UNDER_WAY, ARRIVING]) and site.is_idle(), WAIT_S)
    assert site.is_delivered([DONE_YESTERDAY, DONE_TODAY])
    assert len(archive.uids) == len(set(archive.uids)) == 4
