"""`serve` as a process, as a test starts and ends it."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[3]
STAND_IN = ("-m", "tests.app.service.standin")


@dataclass(frozen=True)
class Served:
    """A served instance."""

    process: "subprocess.Popen[str]"
    first_line: str

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(10)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)

    def end(self) -> None:
        """Leave nothing behind, however the test went."""
        if self.process.poll() is None:
            self.kill()
        if self.process.stdout:
            self.process.stdout.close()


def serve(folder: Path, site: Mapping[str, object], program: tuple[str, ...] = STAND_IN) -> Served:
    """Start serving with a site's settings and wait until it is ready."""
    path = folder / "site.yaml"
    path.write_text(yaml.safe_dump(dict(site)))
    process = subprocess.Popen(
        [sys.executable, *program, str(path)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert process.stdout is not None
    return Served(process, process.stdout.readline())


def run_command(*arguments: object) -> int:
    """Run one of the program's commands and return its exit status."""
    command = [sys.executable, "-m", "app", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(condition: Callable[[], bool], timeout_s: float = 60) -> None:
    """Wait for something to become true; the time is that of a crowded machine."""
    deadline = time.monotonic() + timeout_s
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert condition()
