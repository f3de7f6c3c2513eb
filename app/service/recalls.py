"""Runs whose results were taken back: ``runs/<run_id>/recall.json``.

A state and no request, like a hold: a delivery looks at it at the beginning of every try, sends
nothing more of the run, and takes back what a destination has (docs/adr/0104).
"""

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from app.service.durable import read_json, write_json_durably
from app.service.records import Receipt
from app.service.register import Register
from spine.dicom.rejection import RejectionTitle
from spine.errors import Code

_LOG = logging.getLogger(__name__)

RECALL_FILE = "recall.json"
COMMAND = "command"
REJECTED_SOURCES = "rejected sources"


@dataclass(frozen=True, slots=True)
class Recall:
    """Why and when a run was recalled.

    Attributes
    ----------
    title : of the rejection note that withdraws it
    cause : ``command``, or ``rejected sources``
    since : ISO 8601 with offset; the content date of the rejection note
    """

    title: RejectionTitle
    cause: str
    since: str

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Self:
        return cls(RejectionTitle(content["title"]), content["cause"], content["since"])


def read_recall(register: Register, run_id: str) -> Recall | None:
    """Return why a run was recalled; None where it was not."""
    content = read_json(register.run_folder(run_id) / RECALL_FILE)
    return None if content is None else Recall.from_json(content)


def is_recalled(folder: Path) -> bool:
    """Tell whether the run of a folder was recalled."""
    return (folder / RECALL_FILE).exists()


def is_new_reason(title: RejectionTitle, known: Recall | None) -> bool:
    """Tell whether a run is to be recalled for a reason that it was not yet recalled for.

    Patient safety, which an archive must follow, takes the place of another reason. Otherwise
    the first stays.
    """
    if known is None:
        return True
    return title is RejectionTitle.PATIENT_SAFETY and title is not known.title


def recall(register: Register, run_id: str, title: RejectionTitle, cause: str) -> bool:
    """Take a run's results back; return whether that is new.

    Where it is not, the run is tried anew at every destination that still shows it, since the
    destination may have been set to take rejection notes meanwhile.
    """
    if not is_new_reason(title, read_recall(register, run_id)):
        _reopen(register, run_id, lambda receipt: not receipt.is_rejected)
        return False
    _reopen(register, run_id, lambda _receipt: True)
    since = datetime.now(UTC).isoformat(timespec="seconds")
    folder = register.run_folder(run_id)
    content = asdict(Recall(title, cause, since))
    write_json_durably(folder / RECALL_FILE, content, folder)
    code = Code.RUN_RECALLED.value
    # An alarm: somebody may have read what no longer holds.
    _LOG.error("%s: run %s, %s: %s", code, run_id, cause, title, extra={"code": code})
    return True


def is_settled(register: Register, run_id: str, destination: str) -> bool:
    """Tell whether nothing is left to do: all is there, or all that could be is taken back."""
    receipt = register.receipt(run_id, destination)
    if read_recall(register, run_id) is None:
        return receipt.is_complete
    return receipt.is_withdrawn


def _reopen(register: Register, run_id: str, is_meant: Callable[[Receipt], bool]) -> None:
    """Have destinations told again that were settled."""
    for name in register.run(run_id).destinations:
        receipt = register.receipt(run_id, name)
        if receipt.is_withdrawn and is_meant(receipt):
            opened = replace(receipt, is_withdrawn=False, is_rejected=False)
            register.write_receipt(run_id, name, opened)
