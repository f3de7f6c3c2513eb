"""Counts behind the metrics: of what arrived, and of what lies on disk."""

import json
import os
import threading
from collections import Counter
from pathlib import Path

from app.service.arrivals import Arrival


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


class StoredInstances:
    """Counts files below ``studies``; a folder that did not change is not read again."""

    def __init__(self, root: Path) -> None:
        self._studies = root / "studies"
        self._kept: dict[str, tuple[int, int]] = {}

    def count(self) -> int:
        total = 0
        for study in os.scandir(self._studies) if self._studies.is_dir() else ():
            folder = Path(study.path) / "in"
            if folder.is_dir():
                total += self._count(study.name, folder)
        return total

    def _count(self, study: str, folder: Path) -> int:
        changed = folder.stat().st_mtime_ns
        kept = self._kept.get(study)
        if kept is not None and kept[0] == changed:
            return kept[1]
        count = sum(entry.name.endswith(".dcm") for entry in os.scandir(folder))
        self._kept[study] = (changed, count)
        return count


class AsideCodes:
    """Counts what was put aside by its code; a file is read once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._codes: dict[str, str] = {}

    def counts(self) -> Counter[str]:
        for path in self._folder.glob("*.json"):
            if path.name not in self._codes:
                self._codes[path.name] = str(json.loads(path.read_text()).get("code", ""))
        return Counter(self._codes.values())
