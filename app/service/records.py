"""What is known of a run, as JSON beside its results: the record, the outcome, the receipts."""

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Self

from spine.errors import Code


class State(StrEnum):
    """How an analysis ended.

    ``FAILED`` says that the analysis gave a reason; ``QUARANTINED`` that it gave none, and
    took the worker or the service with it, as often as that is tried. Both await a person.
    """

    WRITTEN = "written"
    NOTHING_TO_SEND = "nothing_to_send"
    FAILED = "failed"
    QUARANTINED = "quarantined"

    @property
    def is_retryable(self) -> bool:
        """Whether trying again could end otherwise."""
        return self in (State.FAILED, State.QUARANTINED)


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run as it was decided, before its first step (``run.json``).

    Attributes
    ----------
    run_id : ``<StudyInstanceUID>.<number>``
    analysis_time : ISO 8601 with offset; the content date of every object
    instances : SOP instance UIDs that the run analyzes
    destinations : names of those who get the results
    conflicts : names, in ``aside``, of second versions of some of the instances
    is_urgent : whether it goes before the others (STAT)
    received_by : names of ours by which the study came and that select the profile
    """

    run_id: str
    analysis_time: str
    profile: str
    instances: tuple[str, ...]
    destinations: tuple[str, ...]
    conflicts: tuple[str, ...] = ()
    is_urgent: bool = False
    received_by: tuple[str, ...] = ()

    @property
    def study_instance_uid(self) -> str:
        return self.run_id.rpartition(".")[0]

    @property
    def number(self) -> int:
        return int(self.run_id.rpartition(".")[2])

    def to_json(self) -> dict[str, object]:
        return asdict(self)

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Self:
        return cls(
            content["run_id"],
            content["analysis_time"],
            content["profile"],
            tuple(content["instances"]),
            tuple(content["destinations"]),
            tuple(content["conflicts"]),
            # Absent in records of the first version.
            bool(content.get("is_urgent", False)),
            tuple(content.get("received_by", ())),
        )


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """How a run ended (``outcome.json``, written last: it makes the run's files valid).

    Attributes
    ----------
    code : why there is nothing to send, or why it failed; None where results were written
    objects : names of the DICOM objects in the order in which they must be sent
    """

    state: State
    code: str | None = None
    objects: tuple[str, ...] = ()

    @classmethod
    def failed(cls, code: Code) -> Self:
        return cls(State.FAILED, code.value)

    @classmethod
    def quarantined(cls, code: Code) -> Self:
        return cls(State.QUARANTINED, code.value)

    def to_json(self) -> dict[str, object]:
        return asdict(self)

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Self:
        return cls(State(content["state"]), content["code"], tuple(content["objects"]))


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a destination has confirmed of a run (``delivered/<destination>.json``).

    Attributes
    ----------
    objects : status of the C-STORE response by file name; a file it later failed to commit to
        is taken out, and sent again
    is_complete : whether every object that the destination gets is confirmed, and committed
        to where that was asked for
    committed : names of the files for which the destination has taken over responsibility
    transactions : time of asking (ISO 8601 with offset) by transaction UID, of what it has not
        yet reported on; empty until it has heard the question
    refusals : how often the destination has refused to be asked for commitment
    notes : what was found on the way, by subject: ``patient``, ``commitment``, ``rejection``
    attempted : names of the files that were about to be sent, whether or not an answer came
    is_withdrawn : of a recalled run: whether all that could be taken back is
    is_rejected : whether the destination knows so, or has nothing of it
    """

    objects: dict[str, int]
    is_complete: bool = False
    committed: tuple[str, ...] = ()
    transactions: dict[str, str] = field(default_factory=dict)
    refusals: int = 0
    notes: dict[str, str] = field(default_factory=dict)
    attempted: tuple[str, ...] = ()
    is_withdrawn: bool = False
    is_rejected: bool = False

    def to_json(self) -> dict[str, object]:
        return asdict(self)

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Self:
        # Receipts of version 0.1 end after the first two.
        return cls(
            dict(content["objects"]),
            bool(content["is_complete"]),
            tuple(content.get("committed", ())),
            dict(content.get("transactions", {})),
            int(content.get("refusals", 0)),
            dict(content.get("notes", {})),
            tuple(content.get("attempted", ())),
            bool(content.get("is_withdrawn", False)),
            bool(content.get("is_rejected", False)),
        )
