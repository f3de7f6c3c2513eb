"""Results to their destinations: every failure named, every confirmation on disk at once."""

from app.service.delivery.attempts import Attempts, read_attempts
from app.service.delivery.commitment import CommitmentBook
from app.service.delivery.delivery import Delivery, pause_s
from app.service.delivery.holds import Hold, hold, read_hold, release
from app.service.delivery.routes import Route, probe
from app.service.delivery.states import BUSY, COMMITMENT_PENDING, DELIVERED, HELD, WITHDRAWN

__all__ = [
    "BUSY",
    "COMMITMENT_PENDING",
    "DELIVERED",
    "HELD",
    "WITHDRAWN",
    "Attempts",
    "CommitmentBook",
    "Delivery",
    "Hold",
    "Route",
    "hold",
    "pause_s",
    "probe",
    "read_attempts",
    "read_hold",
    "release",
]
