"""The inference role: one thread that owns one worker and gives it one job at a time."""

import logging
import queue
import threading
from concurrent.futures import Future
from dataclasses import dataclass

from app.service.jobs import Job, Limits, LoadAnalysis
from app.service.records import RunOutcome
from app.service.worker import Worker, WorkerStartError
from spine.errors import Code

_LOG = logging.getLogger(__name__)

# A worker may have died of something else, such as the memory of a neighbor. One that took
# too long or too much would again.
_TRIES = 2
_CHECK_INTERVAL_S = 1.0
_BREAKS_WORKER = (Code.WORKER_DIED, Code.WORKER_TIMEOUT, Code.WORKER_OUT_OF_MEMORY)
_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 60.0


class Stopping(BaseException):
    """The service stops: the job is neither done nor failed, and is repeated at the next start.

    Not an `Exception`, which the workflow engine would record as the job's result.
    """


@dataclass(frozen=True, slots=True)
class _Request:
    job: Job
    answer: "Future[RunOutcome]"


class Inference:
    """Runs jobs on a warm worker, respawned whenever it was lost.

    The kernel ties the worker's life to the *thread* that spawned it (PR_SET_PDEATHSIG), so
    this thread does nothing else and ends last.
    """

    def __init__(self, load: LoadAnalysis, limits: Limits) -> None:
        self._worker = Worker(load)
        self._limits = limits
        self._requests: queue.Queue[_Request | None] = queue.Queue()
        self._ready: Future[None] = Future()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="inference", daemon=True)

    @property
    def worker_pid(self) -> int | None:
        """Return the worker's process id, None while there is none."""
        return self._worker.pid

    @property
    def is_ready(self) -> bool:
        """Tell whether there is a worker that has loaded its models."""
        return self._worker.is_loaded

    def start(self) -> None:
        """Spawn the worker and wait until its models are loaded.

        Raises
        ------
        WorkerStartError
            With the code of what is wrong with models or settings.
        """
        self._thread.start()
        self._ready.result()

    def run(self, job: Job) -> RunOutcome:
        """Run a job and wait for its answer.

        Returns
        -------
        ``QUARANTINED`` where the job breaks every worker it is given to

        Raises
        ------
        Stopping
            If the service stopped meanwhile.
        """
        request = _Request(job, Future())
        self._requests.put(request)
        if self._stopping.is_set():
            raise Stopping
        return request.answer.result()

    def stop(self) -> None:
        """Kill the worker; jobs under way raise `Stopping` where they wait."""
        self._stopping.set()
        self._requests.put(None)
        self._worker.interrupt()
        self._thread.join()

    def _work(self) -> None:
        try:
            self._worker.start()
        except WorkerStartError as error:
            self._ready.set_exception(error)
            return
        self._ready.set_result(None)
        while (request := self._next()) is not None:
            answer = self._try(request.job)
            if answer is None:
                request.answer.set_exception(Stopping())
                break
            request.answer.set_result(answer)
        self._worker.kill()
        self._refuse_waiting()

    def _next(self) -> _Request | None:
        """Wait for a request, and keep the worker warm meanwhile."""
        while True:
            try:
                return self._requests.get(timeout=_CHECK_INTERVAL_S)
            except queue.Empty:
                self._is_running()

    def _refuse_waiting(self) -> None:
        while not self._requests.empty():
            request = self._requests.get()
            if request is not None:
                request.answer.set_exception(Stopping())

    def _try(self, job: Job) -> RunOutcome | None:
        """Return how a job ended; None where the service stopped meanwhile."""
        code = Code.WORKER_DIED
        for number in range(_TRIES):
            if not self._have_worker():
                return None
            answer = self._worker.run(job, self._limits)
            if self._stopping.is_set() and answer.code == Code.WORKER_DIED:
                return None
            if answer.code is None or answer.code not in _BREAKS_WORKER:
                return answer
            code = Code(answer.code)
            _LOG.error("run %s: %s, try %d of %d", job.run_id, code, number + 1, _TRIES)
            if code is not Code.WORKER_DIED:
                break
        return RunOutcome.quarantined(code)

    def _have_worker(self) -> bool:
        """Wait until a worker runs; no study is to blame that none does. False when stopping."""
        pause_s = _FIRST_PAUSE_S
        while not self._stopping.is_set():
            if self._is_running():
                return True
            self._stopping.wait(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
        return False

    def _is_running(self) -> bool:
        if self._worker.is_alive():
            return True
        self._worker.kill()
        try:
            self._worker.start()
        except WorkerStartError as error:
            _LOG.error("worker not respawned: %s", error)
            return False
        return True
