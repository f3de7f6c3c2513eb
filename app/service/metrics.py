"""Metrics for Prometheus, computed when they are asked for.

From the register and the engine's database, so that a restart loses nothing; only what was
received and how long steps took is counted in memory, which Prometheus expects to begin at
zero. Labels are names of destinations, queues, steps, models and codes: never a study, let
alone a patient.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector, CollectorRegistry

from app.service.counters import Arrivals, AsideCodes, StepTimes, StoredInstances
from app.service.health import Disk, Health
from app.service.overview import Overview
from app.service.views import Snapshot
from app.version import VERSION

_PREFIX = "spinemap"


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the numbers come from.

    Attributes
    ----------
    destinations, queues : configured; shown with 0 where nothing waits
    studies_arriving : how many studies are within their quiet time
    """

    overview: Overview
    disk: Disk
    health: Health
    arrivals: Arrivals
    step_times: StepTimes
    models: Path
    destinations: tuple[str, ...]
    queues: tuple[str, ...]
    studies_arriving: Callable[[], int]


class ServiceCollector(Collector):
    """Gives Prometheus everything at once."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._stored = StoredInstances(sources.overview.register.root)
        self._aside = AsideCodes(sources.overview.register.aside)

    def collect(self) -> Iterator[Metric]:
        """Yield every metric; called at each scrape."""
        snapshot = self._sources.overview.snapshot()
        yield from self._received()
        yield from self._queues(snapshot)
        yield from _runs(snapshot)
        yield from self._deliveries(snapshot)
        yield from self._disk()
        yield from self._states()
        yield from self._sources.step_times.histogram.collect()
        yield from _versions(self._sources.models)

    def _received(self) -> Iterator[Metric]:
        received = CounterMetricFamily(
            f"{_PREFIX}_instances_received",
            "New instances made durable since the start",
            labels=["called_ae_title"],
        )
        for title, count in self._sources.arrivals.counts().items():
            received.add_metric([title], count)
        yield received
        yield _gauge("instances_stored", "Instances on disk", self._stored.count())
        yield _by_label(
            "instances_aside", "Instances put aside, by code", "code", self._aside.counts()
        )
        yield _gauge(
            "studies_arriving", "Studies not yet complete", self._sources.studies_arriving()
        )

    def _queues(self, snapshot: Snapshot) -> Iterator[Metric]:
        lengths = dict.fromkeys(self._sources.queues, 0) | snapshot.workflows.queue_lengths()
        yield _by_label("queue_length", "Work that waits or runs, by queue", "queue", lengths)
        yield _gauge(
            "workflow_database_readable",
            "1 if the engine's database can be read",
            int(snapshot.workflows.is_readable),
        )

    def _deliveries(self, snapshot: Snapshot) -> Iterator[Metric]:
        nothing = dict.fromkeys(self._sources.destinations, 0)
        yield _by_label(
            "oldest_undelivered_seconds",
            "Age of the oldest result that a destination lacks; held ones do not count",
            "destination",
            nothing | snapshot.oldest_undelivered_s(),
        )
        yield _by_label(
            "undelivered_runs",
            "Runs that a destination lacks",
            "destination",
            nothing | snapshot.undelivered(),
        )

    def _disk(self) -> Iterator[Metric]:
        disk = self._sources.disk
        yield _gauge("disk_free_bytes", "Free space below the register", disk.free_bytes())
        yield _gauge("disk_size_bytes", "Size of its file system", disk.size_bytes())
        yield _gauge("disk_reserve_bytes", "Free space that must remain", disk.reserve_bytes)

    def _states(self) -> Iterator[Metric]:
        health = self._sources.health
        yield _by_label("ready", "1 if the condition holds", "condition", health.readiness())
        yield _by_label("thread_alive", "1 if the thread lives", "thread", health.living())


def registry(sources: Sources) -> CollectorRegistry:
    """Return a registry of our own, with nothing of the process's default one."""
    own = CollectorRegistry(auto_describe=False)
    own.register(ServiceCollector(sources))
    return own


def _runs(snapshot: Snapshot) -> Iterator[Metric]:
    states = GaugeMetricFamily(
        f"{_PREFIX}_runs", "Runs on disk, by state and code", labels=["state", "code"]
    )
    counts = Counter((run.state, run.code or "") for run in snapshot.runs)
    for (state, code), count in sorted(counts.items()):
        states.add_metric([state, code], count)
    yield states
    refusals = Counter(code for run in snapshot.runs for code in run.refusals)
    yield _by_label("refusals", "Results withheld in all runs, by code", "code", refusals)
    held = sum(run.waits_for_a_person for run in snapshot.runs)
    yield _gauge("held_runs", "Runs held by command, restore, or a patient who differs", held)
    recalled = Counter(
        str(item.state) for run in snapshot.runs if run.recalled for item in run.deliveries
    )
    text = "Deliveries of recalled runs, by how far they are taken back"
    yield _by_label("recalled_deliveries", text, "state", recalled)


def _versions(models: Path) -> Iterator[Metric]:
    yield InfoMetricFamily(_PREFIX, "The program", {"version": VERSION})
    family = InfoMetricFamily(f"{_PREFIX}_model", "Installed models", labels=["name"])
    for card in sorted(models.glob("*/card.json")):
        try:
            content = json.loads(card.read_text())
            facts = {"version": str(content["version"]), "evidence": str(content["evidence"])}
        except (OSError, ValueError, KeyError, TypeError):
            facts = {"version": "unreadable", "evidence": ""}
        family.add_metric([card.parent.name], facts)
    yield family


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"{_PREFIX}_{name}", text, value=value)


def _by_label(name: str, text: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(f"{_PREFIX}_{name}", text, labels=[label])
    for value, number in sorted(values.items()):
        family.add_metric([value], float(number))
    return family
