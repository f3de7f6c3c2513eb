"""One served instance, killed again and again; after each restart every promise is looked at.

Each kill has a study of its own. What is armed for the next study rests while the last one is
finished, so a chain of kills needs one start more than it has kills.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from pynetdicom import AllStoragePresentationContexts

from app.service.register import Register
from pacs.sender import Destination, SendError, send
from tests.app.service.delivery.archive import Archive
from tests.app.service.served import Served, free_port, serve
from tests.chaos.kills_promises import Broken, Kill, Promises, Seen

_KILLED = -9
_POLL_S = 0.05
# A sender that is refused comes back so soon, well within the quiet time.
_RESEND_S = 0.1
_QUIET_TIME_S = 2.0


@dataclass(frozen=True, slots=True)
class Rig:
    """What is served, and for how long its parts are waited for.

    Attributes
    ----------
    kind : ``stand-in`` or ``graph``
    site : settings beyond those of the chain
    """

    kind: str
    site: dict[str, object] = field(default_factory=dict)
    timeout_s: float = 120.0


class Chain:
    """Kills on one disk, in order."""

    def __init__(self, folder: Path, rig: Rig, archive: Archive) -> None:
        self._folder, self._rig, self._archive = folder.resolve(), rig, archive
        self._promises = Promises(Register(folder / "data"), archive.received)
        self._port = free_port()
        folder.mkdir(parents=True, exist_ok=True)
        pacs = archive.start()
        address = {"host": pacs.host, "port": pacs.port, "ae_title": pacs.ae_title}
        self._site = {
            "storage": {"root": str((folder / "data").resolve()), "reserve_bytes": 0},
            "quiet_time_s": _QUIET_TIME_S,
            "listener": {"port": self._port},
            "web": {"port": free_port()},
            "destinations": [{"name": "pacs", **address, "commitment": True}],
            **rig.site,
        }

    def run(self, kills: Sequence[Kill]) -> list[Seen]:
        """Return every kill that took place, after all promises about it have been looked at."""
        seen: list[Seen] = []
        try:
            served = self._start(kills[0])
        except _NotStartedError:
            return seen
        try:
            for kill, following in zip(kills, [*kills[1:], None], strict=True):
                seen.append(Seen(kill, begun=len(self._archive.received)))
                self._die(seen[-1], served)
                served = self._go_on(seen[-1], served, following)
        except _NotStartedError:
            seen[-1].broken.add(Broken.NOT_RESTARTED)
        finally:
            served.end()
        # Not before the end: by now a second run would have been opened and sent.
        for one in seen:
            self._promises.look(one, seen)
        return seen

    def _start(self, armed: Kill | None) -> Served:
        argument = armed.argument if armed else ""
        program = ("-m", "tests.chaos.kills_served", self._rig.kind, argument)
        served = serve(self._folder, self._site, program)
        if not served.first_line.startswith("ready"):
            served.end()
            raise _NotStartedError
        return served

    def _die(self, seen: Seen, served: Served) -> None:
        """Let a study come in and the service die with it; note what stands at that moment."""
        started = time.monotonic()
        self._send(seen, lambda: served.process.poll() is None)
        if not self._until(lambda: served.process.poll() is not None):
            seen.broken.add(Broken.NOT_KILLED)
            served.kill()
        if served.process.returncode != _KILLED:
            seen.broken.add(Broken.NOT_KILLED)
        seen.died = len(self._archive.received)
        seen.recorded = self._promises.recorded(seen.kill.study)
        # Now: what is sent again might hide that it had been lost.
        self._promises.require_instances(seen)
        seen.seconds = time.monotonic() - started

    def _go_on(self, seen: Seen, dead: Served, following: Kill | None) -> Served:
        """Start again at once, with the sender trying all the while; wait for the results."""
        started = time.monotonic()
        is_over = False
        with ThreadPoolExecutor(1) as threads:
            sending = threads.submit(self._send, seen, lambda: not is_over)
            try:
                served = self._start(following)
                self._until(sending.done)
            finally:
                is_over = True
        children = [int(pid) for pid in dead.first_line.split()[1:]]
        if not self._until(lambda: not any(map(_is_alive, children))):
            seen.broken.add(Broken.SURVIVED)
        dead.end()
        if not self._until(lambda: self._promises.is_settled(seen.kill.study)):
            seen.broken.add(Broken.UNDELIVERED)
        seen.seconds += time.monotonic() - started
        return served

    def _send(self, seen: Seen, is_on: Callable[[], bool]) -> None:
        """Send what is not acknowledged, again and again, as a PACS does."""
        to = Destination("127.0.0.1", self._port, "SPINEMAP", "MR1", self._rig.timeout_s)
        files = seen.kill.study.files
        while is_on() and (left := [files[uid] for uid in files if uid not in seen.acknowledged]):
            try:
                send(left, to, lambda stored: seen.acknowledged.add(stored.sop_instance_uid))
            except SendError:
                time.sleep(_RESEND_S)

    def _until(self, condition: Callable[[], bool]) -> bool:
        deadline = time.monotonic() + self._rig.timeout_s
        while not condition():
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL_S)
        return True


def recording_archive() -> Archive:
    """Return a PACS that records, takes every object, and reports on the association itself."""
    taken = tuple(str(context.abstract_syntax) for context in AllStoragePresentationContexts)
    return Archive(commits=True, reports=0, known=[], sop_classes=taken)


class _NotStartedError(Exception):
    """The service ended before it was ready."""


def _is_alive(pid: int) -> bool:
    try:
        # A zombie is dead, whether or not its new parent has looked.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False
