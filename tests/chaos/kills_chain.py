"""One served instance, killed again and again; after each restart every promise is looked at.

Each kill has a study of its own. What is armed for the next study rests while the last one is
finished, so a chain of kills needs one start more than it has kills.
"""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from pynetdicom import AllStoragePresentationContexts

from app.service.records import RunRecord, State
from app.service.register import Register
from pacs.part10 import read_meta, seek_data_set
from pacs.sender import Destination, SendError, send
from tests.app.service.delivery.archive import Archive
from tests.app.service.served import Served, free_port, serve
from tests.chaos.kills_points import Point

_KILLED = -9
_POLL_S = 0.05
# A sender that is refused comes back so soon, well within the quiet time.
_RESEND_S = 0.1
_QUIET_TIME_S = 2.0
# Once, and once again for the one kill.
_MOST_TIMES = 2


class Broken(StrEnum):
    """A promise that was not kept."""

    NOT_KILLED = "the point was not reached"
    SURVIVED = "a child outlived the main process"
    NOT_RESTARTED = "did not restart by itself"
    LOST = "acknowledged, and not on disk byte for byte"
    UNDELIVERED = "run not delivered"
    TWO_CONTENTS = "one UID with two contents"
    AGAIN = "sent again after its success was recorded"
    RESENT = "sent again more than once for one kill"
    SECOND_RUN = "second run of unchanged input"


@dataclass(frozen=True, slots=True)
class Study:
    """What a sender has: files by SOP instance UID, in the order of sending."""

    uid: str
    files: dict[str, Path]


@dataclass(frozen=True, slots=True)
class Kill:
    """A study, and where the service dies with it."""

    point: Point
    study: Study

    @property
    def instance(self) -> str:
        """The instance at which intake is killed: one before it is acknowledged, one not sent.

        After the last answer nobody will ever send again: the disk alone must know.
        """
        uids = list(self.study.files)
        return uids[-1] if self.point is Point.AFTER_ANSWER else uids[1]

    @property
    def argument(self) -> str:
        return f"{self.point.name},{self.study.uid},{self.instance}"


@dataclass(slots=True)
class Seen:
    """A kill as it went.

    Attributes
    ----------
    acknowledged : SOP instance UIDs
    recorded : SOP instance UIDs that were in a receipt when the service died
    begun, died : number of objects that the destination had received by then
    resent : how many objects the destination received again
    seconds : from the first instance sent to the last object delivered
    """

    kill: Kill
    acknowledged: set[str] = field(default_factory=set)
    recorded: set[str] = field(default_factory=set)
    begun: int = 0
    died: int = 0
    resent: int = 0
    seconds: float = 0.0
    broken: set[Broken] = field(default_factory=set)


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
        self._register = Register(folder / "data")
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
        served = self._start(kills[0])
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
            self._look(one, seen)
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
        for record in self._register.runs_of(seen.kill.study.uid):
            receipt = self._register.receipt(record.run_id, "pacs")
            seen.recorded |= {self._uid(record, name) for name in receipt.objects}
        # Now: what is sent again might hide that it had been lost.
        self._require_instances(seen)
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
        if not self._until(lambda: self._is_settled(seen.kill.study)):
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

    def _is_settled(self, study: Study) -> bool:
        """Tell whether runs have seen all of a study, and every destination has confirmed."""
        runs = self._register.runs_of(study.uid)
        if not runs or set(runs[-1].instances) != set(study.files):
            return False
        return all(self._is_finished(record) for record in runs)

    def _is_finished(self, record: RunRecord) -> bool:
        outcome = self._register.outcome(record.run_id)
        if outcome is None or outcome.state is not State.WRITTEN:
            return outcome is not None
        receipts = (self._register.receipt(record.run_id, name) for name in record.destinations)
        return all(receipt.is_complete for receipt in receipts)

    def _look(self, seen: Seen, everything: Sequence[Seen]) -> None:
        """Look at every promise that can be looked at afterwards."""
        self._require_instances(seen)
        runs = self._register.runs_of(seen.kill.study.uid)
        received = self._archive.received
        times = Counter(self._archive.uids)
        results = {uid for record in runs for uid in self._results(record)}
        if not results or not self._is_settled(seen.kill.study) or not results <= set(times):
            seen.broken.add(Broken.UNDELIVERED)
        if any(len({digest for uid, digest in received if uid == one}) > 1 for one in results):
            seen.broken.add(Broken.TWO_CONTENTS)
        if seen.recorded & {uid for uid, _ in received[seen.died :]}:
            seen.broken.add(Broken.AGAIN)
        seen.resent = sum(times[uid] - 1 for uid in results if uid in times)
        if any(times[uid] > _MOST_TIMES for uid in results):
            seen.broken.add(Broken.RESENT)
        if len({frozenset(record.instances) for record in runs}) < len(runs):
            seen.broken.add(Broken.SECOND_RUN)
        # What belongs to no run, as of one that was written twice with other UIDs.
        end = min((one.begun for one in everything if one.begun > seen.begun), default=None)
        if not {uid for uid, _ in received[seen.begun : end]} <= results:
            seen.broken.add(Broken.SECOND_RUN)

    def _require_instances(self, seen: Seen) -> None:
        study = seen.kill.study
        for uid in seen.acknowledged:
            kept = self._register.instance_path(study.uid, uid)
            if not kept.exists() or _data_set(kept) != _data_set(study.files[uid]):
                seen.broken.add(Broken.LOST)

    def _results(self, record: RunRecord) -> list[str]:
        outcome = self._register.outcome(record.run_id)
        return [self._uid(record, name) for name in outcome.objects] if outcome else []

    def _uid(self, record: RunRecord, name: str) -> str:
        path = self._register.run_folder(record.run_id) / "dicom" / name
        return read_meta(path).sop_instance_uid

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


def _data_set(path: Path) -> bytes:
    """Return what follows the header, in which we name the sender."""
    with path.open("rb") as file:
        seek_data_set(file)
        return file.read()


def _is_alive(pid: int) -> bool:
    try:
        # A zombie is dead, whether or not its new parent has looked.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False
