"""Where results go, which of them, and under which conditions."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from app.service.delivery.folder import Folder, check_folder, write_objects
from pacs.sender import Destination, OnStored, echo, send
from pacs.stow import StowService, store
from pacs.stow import probe as probe_service

# PS3.4, table B.5-1.
_SEGMENTATIONS = ("1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7")
_STRUCTURED_REPORTS = "1.2.840.10008.5.1.4.1.1.88."
_ENCAPSULATED_DOCUMENTS = "1.2.840.10008.5.1.4.1.1.104."


class Kind(StrEnum):
    """What an object is to a destination."""

    SEGMENTATION = "segmentation"
    REPORT = "report"
    PICTURE = "picture"
    DOCUMENT = "document"


def kind_of(sop_class_uid: str) -> Kind:
    """Return an object's kind; any other image is a picture."""
    if sop_class_uid in _SEGMENTATIONS:
        return Kind.SEGMENTATION
    if sop_class_uid.startswith(_STRUCTURED_REPORTS):
        return Kind.REPORT
    if sop_class_uid.startswith(_ENCAPSULATED_DOCUMENTS):
        return Kind.DOCUMENT
    return Kind.PICTURE


@dataclass(frozen=True, slots=True)
class OverdueRule:
    """When a delivery that keeps failing becomes an alarm; it goes on either way."""

    attempts: int = 10
    hours: float = 1.0


@dataclass(frozen=True, slots=True)
class CommitmentRule:
    """Whether a run counts as delivered only when the destination has committed itself.

    Attributes
    ----------
    is_required : a destination that does not offer it is a failure, not a note
    timeout_s : after which it is asked again, with an alarm
    wait_s : for a report on the association of the question
    """

    is_required: bool = False
    timeout_s: float = 3600.0
    wait_s: float = 5.0


@dataclass(frozen=True, slots=True)
class Route:
    """A destination and its conditions.

    Attributes
    ----------
    query : whom to ask which patient the study belongs to there; None: nobody
    commitment : None where commitment is not asked for; only of an application entity
    """

    target: Destination | StowService | Folder
    kinds: frozenset[Kind] = frozenset(Kind)
    query: Destination | None = None
    commitment: CommitmentRule | None = None
    overdue: OverdueRule = field(default_factory=OverdueRule)


def transmit(route: Route, files: Sequence[Path], on_stored: OnStored) -> None:
    """Send files in order, as they are.

    Raises
    ------
    SendError
        If a file was not stored.
    """
    match route.target:
        case Destination():
            send(files, route.target, on_stored)
        case StowService():
            store(files, route.target, on_stored)
        case Folder():
            write_objects(files, route.target, on_stored)


def probe(route: Route) -> None:
    """Verify that a destination answers, without storing anything.

    Raises
    ------
    SendError
        If it does not.
    """
    match route.target:
        case Destination():
            echo(route.target)
        case StowService():
            probe_service(route.target)
        case Folder():
            check_folder(route.target)
