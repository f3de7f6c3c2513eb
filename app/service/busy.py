"""What this process does at the moment, so that it does nothing twice at once."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Busy:
    """Names of what is being done."""

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._lock = threading.Lock()

    def __contains__(self, name: object) -> bool:
        with self._lock:
            return name in self._names

    @contextmanager
    def alone(self, name: str) -> Iterator[bool]:
        """Tell whether nobody else does the same; whoever was first keeps the name."""
        with self._lock:
            is_alone = name not in self._names
            self._names.add(name)
        try:
            yield is_alone
        finally:
            if is_alone:
                with self._lock:
                    self._names.discard(name)
