"""Whether the service lives, and whether it works; each condition by name."""

import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

# However much a site reserves: a small disk must not be refused as a whole.
_LARGEST_RESERVED_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Health:
    """What is asked at each request.

    Attributes
    ----------
    threads : names of the threads without which nothing would move
    conditions : what must hold before studies may be sent, by name
    """

    threads: tuple[str, ...]
    conditions: Mapping[str, Callable[[], bool]]

    def living(self) -> dict[str, bool]:
        """Tell of every watching thread whether it lives."""
        alive = {thread.name for thread in threading.enumerate()}
        return {name: name in alive for name in self.threads}

    def readiness(self) -> dict[str, bool]:
        """Tell of every condition whether it holds; one that cannot be asked does not."""
        return {name: _holds(condition) for name, condition in self.conditions.items()}


@dataclass(frozen=True, slots=True)
class Disk:
    """The file system below a folder.

    Attributes
    ----------
    wanted_reserve_bytes : below so much free space nothing more is received; at most 5 % of
        the disk counts
    """

    root: Path
    wanted_reserve_bytes: int

    @property
    def reserve_bytes(self) -> int:
        return min(self.wanted_reserve_bytes, round(self.size_bytes() * _LARGEST_RESERVED_SHARE))

    def free_bytes(self) -> int:
        """Return what we may still write."""
        found = os.statvfs(self.root)
        return found.f_bavail * found.f_frsize

    def size_bytes(self) -> int:
        """Return the size of the whole file system."""
        found = os.statvfs(self.root)
        return found.f_blocks * found.f_frsize

    def has_room(self) -> bool:
        """Tell whether more than the reserve is free."""
        return self.free_bytes() > self.reserve_bytes


def _holds(condition: Callable[[], bool]) -> bool:
    try:
        return condition()
    except OSError:
        return False
