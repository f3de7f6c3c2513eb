"""What must hold of a study with which the service was killed, looked at from outside."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from app.service.records import RunRecord, State
from app.service.register import Register
from pacs.part10 import read_meta, seek_data_set
from tests.chaos.kills_points import Point

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
class Promises:
    """Looks at the disk of the service and at what its destination has received.

    Attributes
    ----------
    received : SOP instance UID and digest of the content, in order
    """

    register: Register
    received: Sequence[tuple[str, str]]

    def recorded(self, study: Study) -> set[str]:
        """Return the SOP instance UIDs of results of which a receipt says that they are stored."""
        return {
            self._uid(record, name)
            for record in self.register.runs_of(study.uid)
            for destination in record.destinations
            for name in self.register.receipt(record.run_id, destination).objects
        }

    def is_settled(self, study: Study) -> bool:
        """Tell whether runs have seen all of a study, and every destination has confirmed."""
        runs = self.register.runs_of(study.uid)
        if not runs or set(runs[-1].instances) != set(study.files):
            return False
        return all(self._is_finished(record) for record in runs)

    def _is_finished(self, record: RunRecord) -> bool:
        outcome = self.register.outcome(record.run_id)
        if outcome is None or outcome.state is not State.WRITTEN:
            return outcome is not None
        receipts = (self.register.receipt(record.run_id, name) for name in record.destinations)
        return all(receipt.is_complete for receipt in receipts)

    def look(self, seen: Seen, everything: Sequence[Seen]) -> None:
        """Look at every promise that can be looked at afterwards."""
        self.require_instances(seen)
        runs = self.register.runs_of(seen.kill.study.uid)
        received = self.received
        times = Counter(uid for uid, _ in received)
        results = {uid for record in runs for uid in self._results(record)}
        if not results or not self.is_settled(seen.kill.study) or not results <= set(times):
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

    def require_instances(self, seen: Seen) -> None:
        study = seen.kill.study
        for uid in seen.acknowledged:
            kept = self.register.instance_path(study.uid, uid)
            if not kept.exists() or _data_set(kept) != _data_set(study.files[uid]):
                seen.broken.add(Broken.LOST)

    def _results(self, record: RunRecord) -> list[str]:
        outcome = self.register.outcome(record.run_id)
        return [self._uid(record, name) for name in outcome.objects] if outcome else []

    def _uid(self, record: RunRecord, name: str) -> str:
        path = self.register.run_folder(record.run_id) / "dicom" / name
        return read_meta(path).sop_instance_uid


def _data_set(path: Path) -> bytes:
    """Return what follows the header, in which we name the sender."""
    with path.open("rb") as file:
        seek_data_set(file)
        return file.read()
