"""What is known of a run, as JSON beside its results: the record, the outcome, the receipts."""

from dataclasses import asdict, dataclass
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
    """

    run_id: str
    analysis_time: str
    profile: str
    instances: tuple[str, ...]
    destinations: tuple[str, ...]
    conflicts: tuple[str, ...] = ()
    is_urgent: bool = False

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
    objects : status of the C-STORE response by file name
    is_complete : whether every object of the run is among them
    """

    objects: dict[str, int]
    is_complete: bool = False

    def to_json(self) -> dict[str, object]:
        return asdict(self)

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Self:
        return cls(dict(content["objects"]), bool(content["is_complete"]))
