"""What a run knows besides its findings, how to write, and what came of it."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from spine.errors import Code
from spine.reporting.kinds import DEFAULT_KINDS, Kind
from spine.reporting.revision import Predecessor


@dataclass(frozen=True, slots=True)
class WritingSettings:
    """How results are written; part of the hash that identifies them.

    Attributes
    ----------
    objects : the kinds of objects to write
    series_number : of the first series; every kind of object has its own number after it
    """

    objects: frozenset[Kind] = DEFAULT_KINDS
    series_number: int = 9001


@dataclass(frozen=True, slots=True)
class RunContext:
    """One run: where it writes, when it is said to have happened, and by which code.

    Attributes
    ----------
    output : folder; `results.json`, `dicom` and `pictures` are written into it
    analysis_time : content date of every object, with its time zone
    code_version : version of this software
    settings_hash : SHA-256 over the science and writing settings
    demonstration : whether the minimum evidence was lowered
    run_id : ``<StudyUID>.<n>`` in the service, empty elsewhere
    predecessor : the earlier result about the study that this one replaces
    """

    output: Path
    analysis_time: datetime
    code_version: str
    settings_hash: str
    demonstration: bool
    run_id: str = ""
    predecessor: Predecessor | None = None

    def __post_init__(self) -> None:
        if self.analysis_time.tzinfo is None:
            raise ValueError("analysis_time needs a time zone")

    @property
    def revision(self) -> int:
        """Number of this result about the study, counted from 1."""
        return 1 if self.predecessor is None else self.predecessor.revision + 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run has to say to the PACS.

    Attributes
    ----------
    written : DICOM objects in the order in which they must be sent; empty if nothing is
    code : why nothing is sent; None otherwise
    """

    written: tuple[Path, ...]
    code: Code | None

    @classmethod
    def nothing_to_send(cls, code: Code) -> "Outcome":
        """Return the outcome of a study about which a PACS is told nothing."""
        return cls((), code)
