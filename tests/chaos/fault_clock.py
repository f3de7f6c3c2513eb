"""A wall clock that a test sets while a service runs; the monotonic clock stays as it is."""

import shutil
import struct
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

SOURCE = Path(__file__).with_name("fault_clock.c")


@dataclass(frozen=True)
class Clock:
    """A library that every process loads, and the file in which it looks."""

    library: Path
    file: Path

    @property
    def variables(self) -> dict[str, str]:
        return {"LD_PRELOAD": str(self.library), "FAULT_CLOCK": str(self.file)}

    def set_back(self, seconds: int) -> None:
        """Set the clock back from the true time."""
        with self.file.open("r+b", buffering=0) as file:
            file.write(struct.pack("=q", -seconds))


def build_clock(folder: Path) -> Clock:
    """Compile the library; skips the test without a compiler."""
    compiler = shutil.which("cc")
    if compiler is None or sys.maxsize < 2**32:
        pytest.skip("needs a C compiler, to set the clock of a process")
    library, file = folder / "fault_clock.so", folder / "clock"
    file.write_bytes(struct.pack("=q", 0))
    command = [compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE)]
    subprocess.run(command, check=True)
    return Clock(library, file)
