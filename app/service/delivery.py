"""One run to one destination: stored bytes, in order, each confirmed object recorded at once."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from app.service.holds import is_held
from app.service.records import Receipt
from app.service.register import Register
from pacs.sender import Destination, SendError, Stored, send

_LOG = logging.getLogger(__name__)

DELIVERED = "DELIVERED"
_NOT_CONFIGURED = "NOT_CONFIGURED"
_HELD = "HELD"

_FIRST_PAUSE_S = 2.0
_LONGEST_PAUSE_S = 300.0


@dataclass(frozen=True, slots=True)
class Delivery:
    """Sends runs to destinations by name."""

    register: Register
    destinations: Mapping[str, Destination]

    def deliver(self, run_id: str, name: str) -> str:
        """Send what a destination has not yet confirmed.

        Returns
        -------
        ``DELIVERED``, or the name of the failure; never an exception, since the workflow
        tries again whatever it was
        """
        destination = self.destinations.get(name)
        if destination is None:
            _LOG.error("run %s: destination %s is no longer configured", run_id, name)
            return _NOT_CONFIGURED
        if is_held(self.register, run_id):
            return _HELD
        try:
            self._send_missing(run_id, name, destination)
        except SendError as error:
            _LOG.error("run %s not delivered to %s: %s", run_id, name, error)
            return error.failure.value
        except OSError as error:
            _LOG.error("run %s not delivered to %s: %s", run_id, name, error.strerror)
            return type(error).__name__
        _LOG.info("run %s delivered to %s", run_id, name)
        return DELIVERED

    def _send_missing(self, run_id: str, name: str, destination: Destination) -> None:
        outcome = self.register.outcome(run_id)
        folder = self.register.run_folder(run_id) / "dicom"
        paths = [folder / file for file in (outcome.objects if outcome else ())]
        confirmed = self.register.receipt(run_id, name).objects

        def record(stored: Stored) -> None:
            confirmed[stored.path.name] = stored.status
            self.register.write_receipt(run_id, name, Receipt(confirmed))

        missing = [path for path in paths if path.name not in confirmed]
        if missing:
            send(missing, destination, record)
        self.register.write_receipt(run_id, name, Receipt(confirmed, is_complete=True))


def pause_s(attempt: int) -> float:
    """Return how long to wait after a failed attempt, counted from 0: doubling, bounded."""
    return float(min(_FIRST_PAUSE_S * 2 ** min(attempt, 16), _LONGEST_PAUSE_S))
