"""Containers of the image, each as locked down as a hospital runs them.

Podman and the image are set up by ``make image-test``; without ``--image`` these tests are
skipped.
"""

import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from phantom.studies import StudyPlan, write_phantom_study
from research.measurements import Measurement, write_measurements

LOCKED_DOWN = (
    "--read-only", "--tmpfs=/tmp", "--cap-drop=all", "--security-opt=no-new-privileges",
    "--memory=6g", "--pids-limit=512",
)  # fmt: skip
USER = 1000
SUBNET = "10.89.77.0/24"
NETWORK = "spinemap-test"


@dataclass(frozen=True)
class Ended:
    """A container that ran to its end."""

    status: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """The one line in which the program says what is wrong."""
        lines = [line for line in self.err.splitlines() if line.startswith("spinemap:")]
        assert len(lines) == 1, self.err
        return lines[0]


@dataclass(frozen=True)
class Image:
    """An image and the ways to run it."""

    reference: str

    def run(self, *arguments: str, options: tuple[str, ...] = ()) -> Ended:
        """Run a container to its end, without any network."""
        command = ["run", "--rm", "--network=none", *LOCKED_DOWN, *options, self.reference]
        return podman(*command, *arguments, check=False)

    def start(self, name: str, *arguments: str, options: tuple[str, ...] = ()) -> "Container":
        """Start a container in the background."""
        command = ["run", "--detach", f"--name={name}", *LOCKED_DOWN, *options, self.reference]
        podman(*command, *arguments)
        return Container(name)

    def inspect(self) -> dict[str, Any]:
        """Return what the engine says of the image."""
        content: list[dict[str, Any]] = json.loads(podman("image", "inspect", self.reference).out)
        return content[0]


@dataclass(frozen=True)
class Container:
    """A container that runs in the background."""

    name: str

    @property
    def address(self) -> str:
        networks = json.loads(podman("inspect", self.name).out)[0]["NetworkSettings"]["Networks"]
        return str(networks[NETWORK]["IPAddress"])

    def logs(self) -> str:
        ended = podman("logs", self.name)
        return ended.out + ended.err

    def wait_until_ready(self, timeout_s: float) -> float:
        """Return the seconds until it said that it is ready."""
        started = time.monotonic()
        while "ready:" not in self.logs():
            assert time.monotonic() - started < timeout_s, self.logs()
            time.sleep(0.2)
        return time.monotonic() - started

    def stop(self) -> tuple[int, float]:
        """Send SIGTERM; return the exit status and the seconds it took."""
        started = time.monotonic()
        podman("stop", "--time=30", self.name)
        seconds = time.monotonic() - started
        return int(podman("wait", self.name).out), seconds


@dataclass(frozen=True)
class Orthanc:
    """The PACS in its container."""

    address: str

    def get(self, path: str) -> Any:
        answer = httpx.get(f"http://{self.address}:8042{path}", timeout=30)
        answer.raise_for_status()
        return answer.json()

    def modalities(self) -> list[str]:
        """Return the modality of every series it holds."""
        series = self.get("/series?expand")
        return sorted(entry["MainDicomTags"]["Modality"] for entry in series)


def podman(*arguments: str, check: bool = True) -> Ended:
    """Run one of podman's commands."""
    done = subprocess.run(["podman", *arguments], capture_output=True, text=True, check=False)
    assert not check or done.returncode == 0, done.stderr
    return Ended(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="session")
def image(request: pytest.FixtureRequest) -> Image:
    reference = request.config.getoption("--image")
    if reference is None:
        pytest.skip("needs the image: make image-test")
    return Image(str(reference))


@pytest.fixture
def owned(tmp_path: Path) -> Callable[[str], Path]:
    """Make a folder that belongs to the image's user, as a volume does."""

    def make(name: str) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        shutil.chown(folder, USER, USER)
        return folder

    return make


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole examination of a synthetic subject."""
    folder = tmp_path_factory.mktemp("study")
    write_phantom_study(folder, 7, StudyPlan(age_years=60.0))
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return folder


@pytest.fixture(scope="module")
def network(image: Image) -> Iterator[str]:
    """A network without a way out."""
    podman("network", "create", "--internal", f"--subnet={SUBNET}", NETWORK)
    yield NETWORK
    podman("rm", "--all", "--force", "--time=0")
    podman("network", "rm", NETWORK)


class Figures:
    """What the tests measure, for ``build/image-test.json``; what failed is a row that misses."""

    def __init__(self) -> None:
        self._expected: dict[str, Measurement] = {}

    def expect(self, row: Measurement) -> None:
        self._expected[row.name] = row

    def add(self, name: str, value: float) -> None:
        row = self._expected[name]
        self._expected[name] = Measurement(
            name, value, row.unit, row.data, row.n, row.target, row.better
        )

    def write(self, seconds: float) -> None:
        write_measurements("image-test", seconds, list(self._expected.values()))


@pytest.fixture(scope="session")
def figures(image: Image) -> Iterator[Figures]:
    from tests.image.targets import TARGETS

    started = time.monotonic()
    kept = Figures()
    for row in TARGETS:
        kept.expect(row)
    yield kept
    kept.write(time.monotonic() - started)
