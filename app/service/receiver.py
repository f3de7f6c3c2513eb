"""A receiver process: accepts, keeps instances, and tells its parent what arrived."""

import gc
import itertools
import json
import os
import signal
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing.connection import Connection

from app.logs import LogFormat, log_to_stderr
from app.service.arrivals import Arrival
from app.service.delivery import CommitmentBook
from app.service.intake import Intake
from app.service.processes import die_with_parent
from app.service.register import Register
from pacs.listener import Listener, ListenerSettings, ReceivedInstance, StoreStatus
from pacs.spool import Spool, SpoolLimits

_CHECK_INTERVAL_S = 0.5
# How long associations under way may take to end.
GRACE_S = 5.0


@dataclass(frozen=True, slots=True)
class ReceptionSettings:
    """How instances come in.

    Attributes
    ----------
    processes : 1 receives in this process
    """

    listener: ListenerSettings
    limits: SpoolLimits
    processes: int
    log_format: LogFormat = LogFormat.TEXT


class _Parent:
    """Keeps instances and says so to the parent."""

    def __init__(self, connection: Connection, register: Register) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._intake = Intake(register, self._arrived, self._expect)
        self._numbers = itertools.count()
        # By thread: the number of what it has announced and not told the end of.
        self._open = threading.local()

    def ready(self) -> None:
        self._send({"ready": True})

    def store(self, instance: ReceivedInstance) -> StoreStatus:
        self._open.number = None
        status = self._intake.store(instance)
        if self._open.number is not None:
            self._send({"settled": self._open.number})
        return status

    def _expect(self, uid: str, arrival: Arrival) -> None:
        self._open.number = next(self._numbers)
        self._send({"expected": self._open.number, "uid": uid, "arrival": arrival.to_json()})

    def _arrived(self, _arrival: Arrival) -> None:
        # What it says was announced.
        self._send({"arrived": self._open.number})
        self._open.number = None

    def _send(self, message: Mapping[str, object]) -> None:
        with self._lock:
            send_message(self._connection, message)


def receive(
    connection: Connection,
    listening: socket.socket,
    settings: ReceptionSettings,
    register: Register,
    parent: int,
) -> None:
    """Receive until the parent says stop, or SIGTERM does."""
    die_with_parent(parent)
    log_to_stderr(settings.log_format, "receiver")
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: stopping.set())
    parent_side = _Parent(connection, register)
    spool = Spool(register.staging, settings.limits)
    reports = CommitmentBook(register).keep
    listener = Listener(settings.listener, parent_side.store, spool, reports)
    listener.start(listening)
    # What was imported lives as long as the process: nobody need look through it again.
    gc.freeze()
    parent_side.ready()
    while not stopping.is_set() and not connection.poll(_CHECK_INTERVAL_S):
        pass
    listener.stop(GRACE_S)
    # Threads of associations that hang must not keep the process.
    os._exit(0)


def send_message(connection: Connection, message: Mapping[str, object]) -> None:
    """Send JSON; silently nothing if nobody is there to read it."""
    try:
        connection.send_bytes(json.dumps(message).encode())
    except OSError:
        # The other side is gone, and with it whoever would have listened.
        return
