"""When a study is complete: nothing came for a while, or it is known that nothing is missing.

What a run has seen stands in its record on disk, so a restart forgets nothing; time is only
ever measured by the monotonic clock of this process, so a clock that is set changes nothing.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from app.service.arrivals import Arrival
from app.service.opening import Opening
from app.service.records import RunRecord
from app.service.register import Register
from app.service.sop_classes import is_mr, is_result

_LOG = logging.getLogger(__name__)

_CHECK_INTERVAL_S = 0.25
_QUESTIONS_AT_ONCE = 2

AskCount = Callable[[str], int | None]


@dataclass(frozen=True, slots=True)
class CompletionRules:
    """When a study is complete; whichever rule speaks first.

    Attributes
    ----------
    quiet_time_s : no MR instance came for so long
    minimum_instances : as many MR instances are there; 0 for no such rule
    ask_count : asks the sender how many instances a study has, None if it does not say
    count_after_s : no MR instance came for so long, and as many instances are there as the
        sender has; the pause is for a sender that is itself still receiving
    """

    quiet_time_s: float
    minimum_instances: int = 0
    ask_count: AskCount | None = None
    count_after_s: float = 5.0


@dataclass(slots=True)
class _Waiting:
    """A study that is arriving.

    Attributes
    ----------
    last_arrival : monotonic time
    counted : number of its files when its MR instances were last counted
    answer : of the sender, to a question asked after the last arrival
    """

    last_arrival: float
    counted: int = 0
    answer: "Future[int | None] | None" = None


class Completion:
    """Opens the runs of every study that has become complete.

    Parameters
    ----------
    on_run : called with the record of each new run, already durable
    """

    def __init__(
        self, opening: Opening, rules: CompletionRules, on_run: Callable[[RunRecord], None]
    ) -> None:
        self._register: Register = opening.register
        self._opening = opening
        self._rules = rules
        self._on_run = on_run
        self._waiting: dict[str, _Waiting] = {}
        self._opened: deque[RunRecord] = deque()
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._questions = ThreadPoolExecutor(_QUESTIONS_AT_ONCE, "ask-sender")
        self._thread = threading.Thread(target=self._watch, name="completion", daemon=True)

    @property
    def waiting(self) -> int:
        """Return how many studies are still arriving."""
        return len(self._waiting)

    def arrived(self, arrival: Arrival) -> None:
        """Note that an instance was kept, or that one which was there came by another name.

        Only MR makes a study wait longer: a PACS may add documents to it for days.
        """
        if not is_result(arrival.sop_class_uid):
            self._wait_for(arrival.study_instance_uid, extends=is_mr(arrival.sop_class_uid))

    def reconsider(self, study: str) -> None:
        """Look again at a study of which some instances must not be used any more."""
        if self._opening.has_news(study):
            self._wait_for(study, extends=False)

    def start(self) -> None:
        """Take up what was waiting when the service stopped, then watch.

        The quiet time begins anew: while we were down, a sender could not have been heard.
        """
        for study in self._register.studies():
            if self._opening.has_news(study):
                self._wait_for(study, extends=False)
        self._thread.start()

    def stop(self) -> None:
        """Open no more runs; what waits is taken up at the next start."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        self._questions.shutdown(wait=False, cancel_futures=True)

    def _wait_for(self, study: str, *, extends: bool) -> None:
        with self._lock:
            if extends or study not in self._waiting:
                self._waiting[study] = _Waiting(time.monotonic())

    def _watch(self) -> None:
        while not self._stopping.wait(_CHECK_INTERVAL_S):
            for study in self._take_complete():
                self._open(study)
            self._announce()

    def _open(self, study: str) -> None:
        try:
            self._opened.extend(self._opening.open(study))
        except Exception as error:  # noqa: BLE001 - one study must not end the others' watch
            _LOG.error("no run opened for study %s: %s", study, _reason(error))
            self._wait_for(study, extends=True)
            self._hand_over_written(study)

    def _hand_over_written(self, study: str) -> None:
        """Hand over what was written before opening failed: to look again would not find it new.

        Queueing a run again changes nothing.
        """
        try:
            for run in self._register.runs_of(study):
                if self._register.outcome(run.run_id) is None and run not in self._opened:
                    self._opened.append(run)
        except Exception as error:  # noqa: BLE001 - likewise
            _LOG.error("runs of study %s not read: %s", study, _reason(error))

    def _announce(self) -> None:
        """Hand opened runs over; one that nobody took is offered again, and at every start."""
        while self._opened:
            try:
                self._on_run(self._opened[0])
            except Exception as error:  # noqa: BLE001 - a database may fail in any way
                _LOG.error("run %s not queued: %s", self._opened[0].run_id, type(error).__name__)
                return
            self._opened.popleft()

    def _take_complete(self) -> list[str]:
        with self._lock:
            waiting = list(self._waiting.items())
        complete = []
        for study, state in waiting:
            if not self._is_complete(study, state):
                continue
            with self._lock:
                # Unless something arrived while we looked.
                if self._waiting.get(study) is state:
                    del self._waiting[study]
                    complete.append(study)
        return complete

    def _is_complete(self, study: str, state: _Waiting) -> bool:
        quiet_s = time.monotonic() - state.last_arrival
        if quiet_s >= self._rules.quiet_time_s:
            return True
        try:
            return self._has_enough(study, state) or self._has_all(study, state, quiet_s)
        except Exception as error:  # noqa: BLE001 - likewise
            _LOG.error("study %s not counted: %s", study, _reason(error))
            return False

    def _has_enough(self, study: str, state: _Waiting) -> bool:
        minimum = self._rules.minimum_instances
        if not minimum:
            return False
        files = len(self._register.instances(study))
        if files < minimum or files == state.counted:
            return False
        state.counted = files
        return self._opening.count_images(study) >= minimum

    def _has_all(self, study: str, state: _Waiting, quiet_s: float) -> bool:
        ask = self._rules.ask_count
        if ask is None or quiet_s < self._rules.count_after_s:
            return False
        if state.answer is None:
            state.answer = self._questions.submit(_ask, ask, study)
            return False
        if not state.answer.done():
            return False
        count = state.answer.result()
        return count is not None and 0 < count <= len(self._register.instances(study))


def _ask(ask: AskCount, study: str) -> int | None:
    try:
        return ask(study)
    except Exception as error:  # noqa: BLE001 - a peer may fail in any way; then time decides
        _LOG.error("study %s: its sender was not asked: %s", study, type(error).__name__)
        return None


def _reason(error: Exception) -> str:
    """Say what failed, without the words of a library."""
    strerror = error.strerror if isinstance(error, OSError) else None
    return strerror or type(error).__name__
