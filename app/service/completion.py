"""When a study is complete: nothing came for a while.

What a run has seen stands in its record on disk, so a restart forgets nothing.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from app.service.arrivals import Arrival
from app.service.records import RunRecord
from app.service.register import Register
from pacs.part10 import FileMetaError, read_meta

_LOG = logging.getLogger(__name__)

_CHECK_INTERVAL_S = 0.25

# Results, ours or another's, coming back into their study must not start it again:
# segmentations, structured reports, secondary captures, PDF, presentation states, key objects.
_RESULT_SOP_CLASSES = (
    "1.2.840.10008.5.1.4.1.1.66.",
    "1.2.840.10008.5.1.4.1.1.88.",
    "1.2.840.10008.5.1.4.1.1.7",
    "1.2.840.10008.5.1.4.1.1.104.",
    "1.2.840.10008.5.1.4.1.1.11.",
)


def is_result(sop_class: str) -> bool:
    """Tell whether an instance is something said about a study rather than an image of it."""
    return sop_class.startswith(_RESULT_SOP_CLASSES)


class Completion:
    """Opens a run for every study in which something new came and then nothing for a while.

    Parameters
    ----------
    on_run : called with the record of each new run, already durable
    """

    def __init__(
        self,
        register: Register,
        quiet_time_s: float,
        destinations: Iterable[str],
        on_run: Callable[[RunRecord], None],
    ) -> None:
        self._register = register
        self._quiet_time_s = quiet_time_s
        self._destinations = tuple(destinations)
        self._on_run = on_run
        self._last_arrival: dict[str, float] = {}
        self._opened: deque[RunRecord] = deque()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="completion", daemon=True)

    @property
    def waiting(self) -> int:
        """Return how many studies are still arriving."""
        return len(self._last_arrival)

    def arrived(self, arrival: Arrival) -> None:
        """Note that an instance was kept."""
        if not is_result(arrival.sop_class_uid):
            self._wait_for(arrival.study_instance_uid)

    def start(self) -> None:
        """Take up what was waiting when the service stopped, then watch.

        The quiet time begins anew: while we were down, a sender could not have been heard.
        """
        for study in self._register.studies():
            if self._unseen(study):
                with self._lock:
                    self._last_arrival.setdefault(study, time.monotonic())
        self._thread.start()

    def stop(self) -> None:
        """Open no more runs; what waits is taken up at the next start."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _wait_for(self, study: str) -> None:
        with self._lock:
            self._last_arrival[study] = time.monotonic()

    def _watch(self) -> None:
        while not self._stopping.wait(_CHECK_INTERVAL_S):
            for study in self._quiet_studies():
                try:
                    self._open_run(study)
                except OSError as error:
                    _LOG.error("no run opened for study %s: %s", study, error.strerror)
                    self._wait_for(study)
            self._announce()

    def _announce(self) -> None:
        """Hand opened runs over; one that nobody took is offered again, and at every start."""
        while self._opened:
            try:
                self._on_run(self._opened[0])
            except Exception as error:  # noqa: BLE001 - a database may fail in any way
                _LOG.error("run %s not queued: %s", self._opened[0].run_id, type(error).__name__)
                return
            self._opened.popleft()

    def _quiet_studies(self) -> list[str]:
        latest = time.monotonic() - self._quiet_time_s
        with self._lock:
            quiet = [study for study, at in self._last_arrival.items() if at <= latest]
            for study in quiet:
                del self._last_arrival[study]
        return quiet

    def _open_run(self, study: str) -> None:
        if not self._unseen(study):
            return
        runs = self._register.runs_of(study)
        number = runs[-1].number + 1 if runs else 1
        record = RunRecord(
            run_id=f"{study}.{number}",
            analysis_time=datetime.now(UTC).isoformat(timespec="seconds"),
            profile="default",
            instances=tuple(self._register.instances(study)),
            destinations=self._destinations,
            conflicts=tuple(self._register.conflicts(study)),
        )
        self._register.write_run(record)
        _LOG.info("run %s opened: %d instances", record.run_id, len(record.instances))
        self._opened.append(record)

    def _unseen(self, study: str) -> list[str]:
        """Return the images that no run has seen."""
        runs = self._register.runs_of(study)
        seen = set(runs[-1].instances) if runs else set()
        unseen = [uid for uid in self._register.instances(study) if uid not in seen]
        return [uid for uid in unseen if not is_result(self._sop_class(study, uid))]

    def _sop_class(self, study: str, uid: str) -> str:
        try:
            return read_meta(self._register.instance_path(study, uid)).sop_class_uid
        except FileMetaError:
            return ""
