"""Counts behind the metrics: of what arrived and was done, and of what lies on disk."""

import json
import os
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prometheus_client import Histogram

from app.service.arrivals import Arrival

_BUCKETS_S = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0)


class Arrivals:
    """Counts instances as they become durable, by the name under which they were received."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()

    def count(self, arrival: Arrival) -> None:
        """Note one instance."""
        with self._lock:
            self._counts[arrival.receiving_ae] += 1

    def counts(self) -> dict[str, int]:
        """Return how many since the start."""
        with self._lock:
            return dict(self._counts)


class StepTimes:
    """Measures how long the steps of workflows take.

    Since the start, and not from the engine's rows, which are deleted after days: Prometheus
    would take a count that falls for a restart, and count all that is left once more.
    """

    def __init__(self) -> None:
        self.histogram = Histogram(
            "spinemap_step_seconds",
            "Duration of workflow steps since the start",
            ["step"],
            registry=None,
            buckets=_BUCKETS_S,
        )

    @contextmanager
    def measure(self, step: str) -> Iterator[None]:
        """Measure an execution of a step, however it ends."""
        with self.histogram.labels(step).time():
            yield


class StoredInstances:
    """Counts files below ``studies``; a folder that did not change is not read again."""

    def __init__(self, root: Path) -> None:
        self._studies = root / "studies"
        self._kept: dict[str, tuple[int, int]] = {}

    def count(self) -> int:
        """Return how many instances lie there now."""
        found = {path.parent.name: self._look(path) for path in self._studies.glob("*/in")}
        # Only what is still there: the retention takes studies away.
        self._kept = found
        return sum(count for _, count in found.values())

    def _look(self, folder: Path) -> tuple[int, int]:
        """Return when a folder changed and how many instances it holds."""
        try:
            changed = folder.stat().st_mtime_ns
            kept = self._kept.get(folder.parent.name)
            if kept is not None and kept[0] == changed:
                return kept
            return changed, sum(entry.name.endswith(".dcm") for entry in os.scandir(folder))
        except FileNotFoundError:
            return 0, 0


class AsideCodes:
    """Counts what was put aside by its code; a file is read once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._codes: dict[str, str] = {}

    def counts(self) -> Counter[str]:
        """Return how many lie there now."""
        found = {}
        for path in self._folder.glob("*.json"):
            found[path.name] = self._codes.get(path.name) or _code(path)
        self._codes = found
        return Counter(found.values())


def _code(path: Path) -> str:
    try:
        return str(json.loads(path.read_text()).get("code", ""))
    except FileNotFoundError:
        return ""
