"""`serve`: every part of the service in one process tree, started and stopped in order."""

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from app.service.completion import Completion
from app.service.delivery import Delivery
from app.service.inference import Inference
from app.service.receivers import open_reception
from app.service.records import RunRecord
from app.service.register import Register
from app.service.web.server import WebServer
from app.service.worker import LoadAnalysis
from app.service.workflows import Workflows
from app.settings import Settings
from spine.errors import Code, SpineError

_LOG = logging.getLogger(__name__)

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Service:
    """Listener, workflows, worker, delivery and page.

    Parameters
    ----------
    load : what the worker loads; `app.service.graph.graph_loader` but for tests
    """

    def __init__(self, settings: Settings, load: LoadAnalysis) -> None:
        destinations = {entry.name: entry.to_destination() for entry in settings.destinations}
        self._destinations = tuple(destinations)
        self.register = Register(settings.storage.root)
        self.inference = Inference(load, settings.worker.timeout_s)
        self.workflows = Workflows(
            self.register, self.inference, Delivery(self.register, destinations)
        )
        self.completion = Completion(
            self.register, settings.quiet_time_s, destinations, self._analyze
        )
        self.listener = open_reception(
            settings.to_reception(), self.register, self.completion.arrived
        )
        self.web = WebServer(settings.web, self.register, self._is_ready)

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
        self.workflows.stop()
        self.inference.stop()
        self.web.stop()

    def _analyze(self, record: RunRecord) -> None:
        self.workflows.analyze(record)

    def _is_ready(self) -> bool:
        return self.inference.worker_pid is not None and self.listener.is_listening


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
        service.stop()
    return 0


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
