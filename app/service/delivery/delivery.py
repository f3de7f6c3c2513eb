"""One run to one destination, as often as it takes."""

import fcntl
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO

from app.service.delivery.attempts import (
    Failure,
    forget_failures,
    read_attempts,
    record_failure,
)
from app.service.delivery.routes import OverdueRule, Route
from app.service.delivery.sending import Sending
from app.service.delivery.settling import COMMITMENT_OVERDUE
from app.service.delivery.states import BUSY, COMMITMENT_PENDING, DELIVERED, HELD, WITHDRAWN
from app.service.delivery.withdrawing import Withdrawing
from app.service.holds import is_held
from app.service.recalls import Recall, read_recall
from app.service.register import Register
from pacs.sender import SendError

_LOG = logging.getLogger(__name__)

INTERNAL = "INTERNAL"

_FIRST_PAUSE_S = 2.0
_LONGEST_PAUSE_S = 300.0


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Delivery:
    """Sends runs to destinations by name.

    Attributes
    ----------
    now : the clock, with an offset
    """

    register: Register
    routes: Mapping[str, Route]
    now: Callable[[], datetime] = _utc_now

    def deliver(self, run_id: str, name: str) -> str:
        """Send what a destination has not yet confirmed.

        Returns
        -------
        ``DELIVERED``, ``HELD``, ``COMMITMENT_PENDING``, ``BUSY``, ``WITHDRAWN`` where the run
        was recalled, or the name of the failure; never an exception, since the workflow tries
        again whatever it was
        """
        try:
            with self._alone(run_id, name) as is_alone:
                return self._deliver(run_id, name) if is_alone else BUSY
        except OSError as error:  # the disk, of which nothing can be written on the disk
            _LOG.error("run %s not delivered to %s: %s", run_id, name, error.strerror)
            return type(error).__name__
        except Exception as error:  # noqa: BLE001 - it would end the workflow for good
            _LOG.error("run %s not delivered to %s: %s", run_id, name, type(error).__name__)
            return INTERNAL

    def _deliver(self, run_id: str, name: str) -> str:
        # Before a hold, which is about sending more: what was recalled must not stay there.
        recall = read_recall(self.register, run_id)
        is_kept = recall is None and is_held(self.register, run_id)
        result = HELD if is_kept else self._attempt(run_id, name, recall)
        if isinstance(result, str):
            self._note(run_id, name, result)
            return result
        _LOG.warning("run %s not delivered to %s: %s %s", run_id, name, result.name, result.detail)
        route = self.routes.get(name)
        rule = route.overdue if route else OverdueRule()
        record_failure(self.register, (run_id, name), result, rule, self.now())
        return result.name

    def _attempt(self, run_id: str, name: str, recall: Recall | None) -> str | Failure:
        try:
            if recall is not None:
                route = self.routes.get(name)
                return Withdrawing(self.register, run_id, name, route, recall).attempt()
            return self._send(run_id, name)
        except SendError as error:
            return Failure(error.failure.value, error.detail)
        except OSError as error:
            return Failure(type(error).__name__, error.strerror or "")
        except Exception as error:  # noqa: BLE001 - a process boundary
            # What a peer sends can break a library anywhere; its words may be patient data.
            _LOG.error("run %s to %s: %s", run_id, name, type(error).__name__)
            return Failure(INTERNAL, type(error).__name__, is_alarm=True)

    def _send(self, run_id: str, name: str) -> str | Failure:
        route = self.routes.get(name)
        if route is None:
            return Failure("NOT_CONFIGURED", "", is_alarm=True)
        outcome = self.register.outcome(run_id)
        if outcome is None:
            return Failure("NOT_WRITTEN", "the run has not ended", is_alarm=True)
        return Sending(self.register, run_id, name, route, outcome).attempt(self.now())

    def _note(self, run_id: str, name: str, state: str) -> None:
        """Forget failures, once there is nothing more that we could do."""
        if state == HELD:
            return
        before = read_attempts(self.register, run_id, name)
        if before and (state in (DELIVERED, WITHDRAWN) or before.failure != COMMITMENT_OVERDUE):
            forget_failures(self.register, run_id, name)
        if state == DELIVERED:
            _LOG.info("run %s delivered to %s", run_id, name)
        elif state == WITHDRAWN:
            _LOG.info("run %s withdrawn at %s", run_id, name)
        elif state == COMMITMENT_PENDING:
            _LOG.info("run %s stored at %s, which has not yet committed itself", run_id, name)

    @contextmanager
    def _alone(self, run_id: str, name: str) -> Iterator[bool]:
        """Tell whether nobody else is delivering the same, and keep others from it.

        The engine may believe a living workflow dead; two would send every object twice.
        """
        self.register.delivery_path(run_id, name)
        path = self.register.staging / f"{run_id}.{name}.lock"
        with path.open("w") as file:
            if not _is_locked(file):
                yield False
                return
            try:
                yield True
            finally:
                # While it is ours: there are as many as there will ever be runs.
                path.unlink(missing_ok=True)


def _is_locked(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    # Removed by whoever had it before us: the next one locks another file of that name.
    return os.fstat(file.fileno()).st_nlink > 0


def pause_s(attempt: int) -> float:
    """Return how long to wait after a failed attempt, counted from 0: doubling, bounded."""
    return float(min(_FIRST_PAUSE_S * 2 ** min(attempt, 16), _LONGEST_PAUSE_S))
