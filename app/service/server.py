"""`serve`: every part of the service in one process tree, started and stopped in order."""

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from app.service.arrivals import Arrival
from app.service.completion import Completion
from app.service.counters import Arrivals
from app.service.delivery import Delivery
from app.service.flow_names import INFERENCE_QUEUE, queue_of
from app.service.health import Disk, Health
from app.service.inference import Inference
from app.service.jobs import LoadAnalysis
from app.service.metrics import Sources
from app.service.opening import Opening
from app.service.overview import Overview
from app.service.receivers import open_reception
from app.service.register import Register
from app.service.rejections import Rejections
from app.service.retention import Retention
from app.service.watchdog import watch
from app.service.web.server import WebServer
from app.service.workflows import Workflows
from app.settings import Settings
from spine.errors import Code, SpineError

_LOG = logging.getLogger(__name__)

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_THREADS = ("completion", "inference", "listener", "watchdog")
# Whoever sent SIGTERM may follow up with SIGKILL after 10 s.
_LONGEST_STOP_S = 9.0


class Service:
    """Listener, workflows, worker, delivery and page.

    Parameters
    ----------
    load : what the worker loads; `app.service.graph.graph_loader` but for tests
    """

    def __init__(self, settings: Settings, load: LoadAnalysis) -> None:
        destinations = {entry.name: entry.to_route() for entry in settings.destinations}
        self._destinations = tuple(destinations)
        self.register = Register(settings.storage.root)
        self.inference = Inference(load, settings.worker.to_limits())
        self.workflows = Workflows(
            self.register, self.inference, Delivery(self.register, destinations)
        )
        opening = Opening(self.register, settings.to_profiles(), frozenset(settings.urgent_from))
        rules = settings.complete_when.to_rules(settings.quiet_time_s)
        self.completion = Completion(opening, rules, self.workflows.analyze)
        rejections = Rejections(self.register, self.workflows.retry, self.completion.reconsider)
        self.watchdog = watch(self.register, self.workflows, Retention(opening), rejections)
        self.arrivals = Arrivals()
        self.listener = open_reception(settings.to_reception(), self.register, self._arrived)
        self.web = WebServer(settings.web, self._sources(settings))

    def start(self) -> None:
        """Start from the back: nothing is received before it can be worked on.

        Raises
        ------
        SpineError
            With the code of what is wrong with models or settings.
        """
        self.register.prepare()
        self.inference.start()
        self.workflows.start(self._destinations)
        self.watchdog.start()
        with _named("listener"):
            self.listener.start()
        # Now: a quiet time in which nobody could be heard was not quiet.
        self.completion.start()
        with _named("web"):
            self.web.start()

    def stop(self) -> None:
        """Finish what a peer waits for; the rest is on disk and goes on at the next start."""
        self.listener.stop()
        self.completion.stop()
        self.watchdog.stop()
        self.workflows.stop()
        self.inference.stop()
        self.web.stop()

    def _arrived(self, arrival: Arrival) -> None:
        self.arrivals.count(arrival)
        self.completion.arrived(arrival)

    def _sources(self, settings: Settings) -> Sources:
        disk = Disk(settings.storage.root, settings.storage.reserve_bytes)
        conditions = {
            "models": lambda: self.inference.is_ready,
            "listener": lambda: self.listener.is_listening,
            "disk": disk.has_room,
        }
        return Sources(
            Overview(self.register),
            disk,
            Health(_THREADS, conditions),
            self.arrivals,
            self.workflows.step_times,
            settings.models.folder,
            self._destinations,
            (INFERENCE_QUEUE, *map(queue_of, self._destinations)),
            lambda: self.completion.waiting,
        )


def serve(settings: Settings, load: LoadAnalysis, on_ready: Callable[[Service], None]) -> int:
    """Serve until SIGTERM or SIGINT and return the exit status, 0.

    Raises
    ------
    SpineError
        With the code of what is wrong with models or settings.
    """
    stopping = threading.Event()

    def stop(_number: int, _frame: FrameType | None) -> None:
        stopping.set()

    for number in _SIGNALS:
        signal.signal(number, stop)
    service = Service(settings, load)
    with service.register.hold():
        try:
            service.start()
        except BaseException:
            service.inference.stop()
            raise
        _LOG.info("listening on port %d", service.listener.port)
        on_ready(service)
        stopping.wait()
        _LOG.info("stopping")
        _leave_after(_LONGEST_STOP_S)
        service.stop()
    return 0


def _leave_after(seconds: float) -> None:
    """Leave in any case: what was acknowledged is on disk, what was not is sent again."""
    timer = threading.Timer(seconds, leave, [0])
    timer.daemon = True
    timer.start()


@contextmanager
def _named(section: str) -> Iterator[None]:
    """Say which of the settings names an address that cannot be had."""
    try:
        yield
    except OSError as error:
        raise SpineError(Code.SETTINGS_INVALID, f"{section}: {error.strerror}") from error


def leave(status: int) -> None:
    """End the process at once.

    Deliveries may sleep for minutes between two tries on threads that a normal exit waits for.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
