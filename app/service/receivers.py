"""Receiver processes: they accept from one port, keep instances, and tell what arrived.

One Python process receives with less than one core; docs/adr/0061. What a process had not told
when it was killed is looked up on disk.
"""

import json
import logging
import multiprocessing
import os
import selectors
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any

from app.service.arrivals import Arrival
from app.service.delivery import CommitmentBook
from app.service.intake import Intake
from app.service.receiver import GRACE_S, ReceptionSettings, receive, send_message
from app.service.register import Register
from pacs.listener import Listener, ListenerSettings
from pacs.network import listening_socket
from pacs.spool import Spool
from spine.errors import Code, SpineError

_LOG = logging.getLogger(__name__)

_START_TIMEOUT_S = 60.0
_CHECK_INTERVAL_S = 0.5
# A process that dies at once, or that the system refuses, would otherwise be spawned as fast
# as the machine can.
_RESPAWN_AFTER_S = 1.0
# What a process gets beyond the grace of its associations.
_EXIT_TIMEOUT_S = 5.0


def open_reception(
    settings: ReceptionSettings, register: Register, on_arrival: Callable[[Arrival], None]
) -> "Listener | Receivers":
    """Return what receives, not yet started.

    Parameters
    ----------
    on_arrival : called with each new instance that belongs to a study, after it is durable
    """
    if settings.processes > 1:
        return Receivers(settings, register, on_arrival)
    spool = Spool(register.staging, settings.limits)
    store = Intake(register, on_arrival).store
    return Listener(settings.listener, store, spool, CommitmentBook(register).keep)


@dataclass(eq=False, slots=True)
class _Receiver:
    """A receiver process as its parent sees it.

    Attributes
    ----------
    expected : what it was about to put in its place, by its number for it
    """

    process: SpawnProcess
    connection: Connection
    started_at: float
    is_ready: bool = False
    expected: dict[int, tuple[str, Arrival]] = field(default_factory=dict)


class Receivers:
    """The parent of the receiver processes; holds the port as long as it lives."""

    def __init__(
        self,
        settings: ReceptionSettings,
        register: Register,
        on_arrival: Callable[[Arrival], None],
    ) -> None:
        self._settings = settings
        self._register = register
        self._on_arrival = on_arrival
        self._listening: socket.socket | None = None
        self._receivers: list[_Receiver] = []
        self._spawn_after = 0.0
        self._selector = selectors.DefaultSelector()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._supervise, name="listener", daemon=True)

    @property
    def port(self) -> int:
        """Return the port listened on."""
        if self._listening is None:
            raise RuntimeError("the receivers have not been started")
        return int(self._listening.getsockname()[1])

    @property
    def is_listening(self) -> bool:
        """Tell whether any process accepts associations."""
        return any(receiver.is_ready for receiver in self._receivers)

    @property
    def pids(self) -> list[int]:
        """Return the process ids of those that accept associations."""
        receivers = [receiver for receiver in self._receivers if receiver.is_ready]
        return [receiver.process.pid for receiver in receivers if receiver.process.pid]

    def start(self) -> None:
        """Bind the port, spawn the processes and wait until all accept.

        Raises
        ------
        OSError
            If the address cannot be had.
        SpineError
            ``INTERNAL`` if the processes do not start.
        """
        listener = self._settings.listener
        self._listening = listening_socket(listener.address, listener.port)
        self._thread.start()
        deadline = time.monotonic() + _START_TIMEOUT_S
        while len(self.pids) < self._settings.processes:
            if time.monotonic() > deadline:
                self.stop()
                raise SpineError(Code.INTERNAL, "the receiver processes do not start")
            time.sleep(0.02)

    def stop(self) -> None:
        """Accept nothing more; associations under way may end, and all that arrived is told."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        if self._listening is not None:
            self._listening.close()

    def _supervise(self) -> None:
        """Spawn, listen to, and replace the processes: their lives hang on this thread."""
        while not self._stopping.is_set():
            self._spawn_missing()
            self._listen(_CHECK_INTERVAL_S)
        for receiver in self._receivers:
            send_message(receiver.connection, {"stop": True})
        deadline = time.monotonic() + GRACE_S + _EXIT_TIMEOUT_S
        while self._receivers and time.monotonic() < deadline:
            self._listen(_CHECK_INTERVAL_S)
        for receiver in list(self._receivers):
            self._bury(receiver)

    def _spawn_missing(self) -> None:
        """Have as many processes as there should be; one that the system refuses, later."""
        missing = self._settings.processes - len(self._receivers)
        if time.monotonic() < self._spawn_after:
            return
        try:
            for _ in range(missing):
                self._spawn()
        except OSError as error:
            _LOG.error("receiver process not spawned: %s", error.strerror)
            self._spawn_after = time.monotonic() + _RESPAWN_AFTER_S

    def _spawn(self) -> None:
        # Never fork: other threads hold locks.
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        settings = replace(self._settings, listener=self._share_of_associations())
        process = context.Process(
            target=receive,
            args=(theirs, self._listening, settings, self._register, os.getpid()),
            name="spinemap-receiver",
            daemon=True,
        )
        with theirs:
            process.start()
        receiver = _Receiver(process, ours, time.monotonic())
        self._receivers.append(receiver)
        self._selector.register(ours, selectors.EVENT_READ, receiver)

    def _share_of_associations(self) -> ListenerSettings:
        listener, processes = self._settings.listener, self._settings.processes
        share = -(-listener.maximum_associations // processes)
        return replace(listener, maximum_associations=share)

    def _listen(self, timeout_s: float) -> None:
        """Take what the processes say; replace those that will say nothing more."""
        for key, _ in self._selector.select(timeout_s):
            receiver: _Receiver = key.data
            try:
                self._hear(receiver, json.loads(receiver.connection.recv_bytes()))
            except (EOFError, OSError):
                self._bury(receiver)
                self._expect_another(receiver)

    def _hear(self, receiver: _Receiver, message: dict[str, Any]) -> None:
        match message:
            case {"ready": _}:
                receiver.is_ready = True
            case {"expected": number, "uid": uid, "arrival": arrival}:
                receiver.expected[number] = (uid, Arrival(**arrival))
            case {"arrived": number}:
                self._on_arrival(receiver.expected.pop(number)[1])
            case {"settled": number}:
                del receiver.expected[number]

    def _bury(self, receiver: _Receiver) -> None:
        """See a process dead, remove what it left half-written, find what it did not tell."""
        self._receivers.remove(receiver)
        self._selector.unregister(receiver.connection)
        receiver.process.kill()
        receiver.process.join()
        receiver.connection.close()
        if receiver.process.pid is not None:
            Spool(self._register.staging).clear(receiver.process.pid)
        for uid, arrival in receiver.expected.values():
            if self._register.instance_path(arrival.study_instance_uid, uid).exists():
                self._on_arrival(arrival)

    def _expect_another(self, receiver: _Receiver) -> None:
        if not self._stopping.is_set():
            _LOG.error("receiver process died (exit status %s)", receiver.process.exitcode)
            self._spawn_after = receiver.started_at + _RESPAWN_AFTER_S
