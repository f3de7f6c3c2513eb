"""A backlog: in order of priority, in flat memory, and drained in full."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from app.service.worker import resident_bytes
from app.service.workflow_rows import read_rows
from pacs.sender import Destination, send
from tests.app.service.delivery.archive import Archive
from tests.app.service.served import until
from tests.chaos.fault_site import WAIT_S, Site

pytestmark = pytest.mark.slow

QUICK, FULL = 100, 1000
URGENT_SHARE = 20
# Of one process, whatever the length of the backlog.
GROWTH_BYTES = 48 << 20
WARM = "1.2.0"


@pytest.fixture
def studies(chaos_full: bool) -> list[str]:  # noqa: FBT001 - a fixture
    return [f"1.2.{number}" for number in range(1, (FULL if chaos_full else QUICK) + 1)]


def test_backlog_is_drained_in_full_in_flat_memory_with_the_urgent_ones_first(
    site: Site,
    archive: Archive,
    studies: list[str],
    record_property: Callable[[str, object], None],
) -> None:
    site.changes.update(quiet_time_s=1.0, urgent_from=["STAT"], worker={"timeout_s": 3600})
    served = site.start()
    worker = int(served.first_line.split()[1])
    site.send(site.write(f"{WARM}.1", WARM))
    until(lambda: site.is_delivered([WARM]) and site.is_idle(), WAIT_S)
    before = {pid: resident_bytes(pid) for pid in _processes(served.process.pid)}
    assert worker in before
    # It analyzes nothing while the backlog grows, and holds the first study.
    os.kill(worker, signal.SIGSTOP)
    first, urgent = studies[0], studies[-len(studies) // URGENT_SHARE :]
    site.send(site.write(f"{first}.1", first))
    until((site.root / "work" / f"{first}.1" / "out").is_dir, WAIT_S)
    _send_from(site, "MR1", [study for study in studies[1:] if study not in urgent])
    _send_from(site, "STAT", urgent)
    limit_s = WAIT_S + len(studies) * 2.0
    until(lambda: _queued(site) == len(studies), limit_s)
    grown = _growth(before)
    os.kill(worker, signal.SIGCONT)
    until(lambda: _count(site, "outcome.json") > len(studies) // 2, limit_s)
    grown = max(grown, _growth(before))
    until(lambda: _count(site, "delivered/pacs.json") == len(studies) + 1, limit_s)
    until(lambda: site.is_delivered(studies) and site.is_idle(), limit_s)
    grown = max(grown, _growth(before))
    record_property(f"growth with {len(studies)} studies, MiB", grown >> 20)
    assert grown < GROWTH_BYTES
    assert _order(site)[:2] == [f"{WARM}.1", f"{first}.1"]
    assert set(_order(site)[2 : 2 + len(urgent)]) == {f"{study}.1" for study in urgent}
    assert len(archive.uids) == len(set(archive.uids)) == len(studies) + 1


def _send_from(site: Site, title: str, studies: list[str]) -> None:
    paths = [site.write(f"{study}.1", study) for study in studies]
    destination = Destination("127.0.0.1", site.port, "SPINEMAP", title, timeout_s=60)
    stored: list[Path] = []
    send(paths, destination, lambda item: stored.append(item.path))
    assert stored == paths


def _processes(service: int) -> list[int]:
    """Return the service, its receivers and its worker."""
    # The kernel lists children by the thread that started them.
    lists = Path(f"/proc/{service}/task").glob("*/children")
    return [service, *(int(child) for found in lists for child in found.read_text().split())]


def _growth(before: dict[int, int]) -> int:
    """Return by how much that process grew which grew most."""
    return max(resident_bytes(pid) - held for pid, held in before.items())


def _queued(site: Site) -> int:
    """Return how many analyses the engine has to do: a run stands on disk a moment before."""
    return sum(name.startswith("analyze/") for name in read_rows(site.root).rows)


def _count(site: Site, name: str) -> int:
    return sum(1 for _ in (site.root / "runs").glob(f"*/{name}"))


def _order(site: Site) -> list[str]:
    """Return the runs in the order in which they ended."""
    ends = (site.root / "runs").glob("*/outcome.json")
    return [path.parent.name for path in sorted(ends, key=lambda path: path.stat().st_mtime_ns)]
