"""What is looked after at intervals, on a thread of its own.

Requests, workflows that nobody runs, differences between disk and database, what may go.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from app.service import requests
from app.service.register import Register
from app.service.rejections import Rejections
from app.service.requests import Request
from app.service.retention import Retention
from app.service.workflows import Workflows

_LOG = logging.getLogger(__name__)

_CHECK_INTERVAL_S = 0.5
_REQUESTS_S = 1.0
_REJECTIONS_S = 2.0
_ABANDONED_S = 5.0
_DELAYS_S = 10.0
_RECONCILE_S = 30.0
_TIDY_S = 3600.0
_ENDED_KEPT = timedelta(days=7)


@dataclass(slots=True)
class Round:
    """Something to do again and again; the first time at once."""

    name: str
    interval_s: float
    do: Callable[[], object]
    due: float = field(default=0.0)


class Watchdog:
    """Does every round when it is due; one that fails is due again after its interval."""

    def __init__(self) -> None:
        self._rounds: list[Round] = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def add(self, name: str, interval_s: float, do: Callable[[], object]) -> None:
        """Add a round; before `start`."""
        self._rounds.append(Round(name, interval_s, do))

    def start(self) -> None:
        """Begin watching."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the round under way."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _watch(self) -> None:
        while not self._stopping.wait(_CHECK_INTERVAL_S):
            for item in self._rounds:
                if time.monotonic() >= item.due and not self._stopping.is_set():
                    self._do(item)

    def _do(self, item: Round) -> None:
        try:
            item.do()
        except Exception as error:  # noqa: BLE001 - disk or database may fail in any way
            _LOG.error("%s: %s", item.name, type(error).__name__)
        item.due = time.monotonic() + item.interval_s


def watch(
    register: Register, workflows: Workflows, retention: Retention, rejections: Rejections
) -> Watchdog:
    """Return a watchdog over all of the service."""
    answers = {
        Request.HASTEN: workflows.hasten,
        Request.RETRY: workflows.retry,
        # What a recalled run needs is what its deliveries now find to do.
        Request.RECALL: workflows.retry,
    }

    def forget_ended() -> None:
        before = (datetime.now(UTC) - _ENDED_KEPT).isoformat()
        while workflows.engine.forget_ended(before):
            pass

    watchdog = Watchdog()
    watchdog.add("requests", _REQUESTS_S, lambda: requests.answer(register, answers))
    watchdog.add("rejection notes", _REJECTIONS_S, rejections.sweep)
    watchdog.add("abandoned workflows", _ABANDONED_S, workflows.resume_abandoned)
    watchdog.add("delays", _DELAYS_S, workflows.limit_delays)
    watchdog.add("comparison with the disk", _RECONCILE_S, workflows.reconcile)
    watchdog.add("ended workflows", _TIDY_S, forget_ended)
    watchdog.add("retention", _TIDY_S, retention.sweep)
    return watchdog
