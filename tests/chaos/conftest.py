"""What every test of a fault needs: a disk of its own, a PACS that records, a service."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.app.service.delivery.archive import PICTURE, Archive
from tests.chaos.fault_site import Site


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--chaos-full", action="store_true", help="the long versions of the tests of faults"
    )


@pytest.fixture(scope="session")
def chaos_full(request: pytest.FixtureRequest) -> bool:
    """Tell whether the long versions are to run; the one place that knows."""
    # Absent where pytest met this folder only after it had read the command line.
    return bool(request.config.getoption("--chaos-full", default=False))


@pytest.fixture
def archive() -> Iterator[Archive]:
    """A PACS that takes everything, and records it."""
    archive = Archive(sop_classes=(PICTURE,))
    archive.destination = archive.start()  # type: ignore[attr-defined]
    yield archive
    archive.stop()


@pytest.fixture
def site(tmp_path: Path, archive: Archive) -> Iterator[Site]:
    """An installation that delivers to the PACS; whatever it started is ended."""
    site = Site(tmp_path, archive.destination.port)  # type: ignore[attr-defined]
    yield site
    site.end()


@pytest.fixture
def mount_disk() -> Iterator[Callable[[Path, int], Path]]:
    """Make disks of a size in MiB, in memory: real ones, which are full when they are full."""
    mounted: list[Path] = []

    def mount(path: Path, size_mib: int) -> Path:
        path.mkdir(parents=True, exist_ok=True)
        command = ["mount", "-t", "tmpfs", "-o", f"size={size_mib}m", "tmpfs", str(path)]
        try:
            subprocess.run(command, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            pytest.skip("needs the right to mount a disk")
        mounted.append(path)
        return path

    yield mount
    for path in mounted:
        subprocess.run(["umount", "--lazy", str(path)], check=True)
