"""Where results go, which of them, and under which conditions."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from app.service.delivery.folder import Folder, check_folder, write_objects
from pacs.sender import Destination, OnStored, echo, send
from pacs.stow import StowService, store
from pacs.stow import probe as probe_service
from spine.reporting.kinds import DEFAULT_KINDS, Kind


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
    rejection_notes : whether it does what a rejection note says (IHE IOCM)
    """

    target: Destination | StowService | Folder
    kinds: frozenset[Kind] = DEFAULT_KINDS
    query: Destination | None = None
    commitment: CommitmentRule | None = None
    overdue: OverdueRule = field(default_factory=OverdueRule)
    rejection_notes: bool = False


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
