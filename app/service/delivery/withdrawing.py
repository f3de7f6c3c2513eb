"""One attempt to take a recalled run back from a destination that has some of it."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from app.service.delivery.commitment import CommitmentBook
from app.service.delivery.routes import Route, transmit
from app.service.delivery.states import WITHDRAWN
from app.service.durable import make_folder_durably, write_durably
from app.service.recalls import Recall
from app.service.records import Receipt
from app.service.register import Register
from app.version import VERSION
from pacs.sender import SendError, SendFailure
from spine.errors import Code

_LOG = logging.getLogger(__name__)

REJECTIONS = "rejections"
"""Folder of a run with the rejection notes that it needed."""

_NOTE = "rejection"
# Statuses that say nothing of the note: no room (PS3.4 B.2.3), or no reason given.
_BUSY = (0x0000, 0xA700, 0xA701, 0xA702)


@dataclass(frozen=True)
class Withdrawing:
    """What is to be taken back from one destination; `route` None where it is not configured."""

    register: Register
    run_id: str
    name: str
    route: Route | None
    recall: Recall

    def attempt(self) -> str:
        """Reject what the destination has, if it takes rejection notes; return ``WITHDRAWN``.

        Raises
        ------
        SendError, OSError
            If it did not work; what did is on disk.
        """
        receipt = self._receipt()
        if receipt.is_withdrawn:
            return WITHDRAWN
        confirmed = sorted(receipt.objects)
        # Handed over, and the answer never came: perhaps it is there.
        doubtful = sorted(set(receipt.attempted) - set(confirmed))
        if not confirmed and not doubtful:
            self._settle("nothing was sent", is_rejected=True)
        elif self.route is None:
            self._give_alarm("it is not configured any more")
        elif not self.route.rejection_notes:
            self._give_alarm("it takes no rejection notes")
        elif not self._are_there([*confirmed, *doubtful]):
            self._give_alarm("the results were removed here after their retention")
        else:
            self._reject(self.route, "confirmed", confirmed)
            self._reject_if_there(self.route, doubtful)
            self._settle("stored", is_rejected=True)
        return WITHDRAWN

    def _are_there(self, names: Sequence[str]) -> bool:
        return all((self._folder / "dicom" / name).exists() for name in names)

    def _reject(self, route: Route, what: str, names: Sequence[str]) -> None:
        if names:
            transmit(route, [self._note(what, names)], lambda _stored: None)

    def _reject_if_there(self, route: Route, names: Sequence[str]) -> None:
        """Reject what may have arrived: an archive that refuses the note itself never got it."""
        try:
            self._reject(route, "doubtful", names)
        except SendError as error:
            if error.failure is not SendFailure.NOT_STORED or error.status in (None, *_BUSY):
                raise
            _LOG.warning(
                "run %s: %s knows %d objects of it not", self.run_id, self.name, len(names)
            )

    def _note(self, what: str, names: Sequence[str]) -> Path:
        # A service that never withdraws anything need not know how.
        from spine.reporting.rejection_note import rejection_note  # noqa: PLC0415

        objects = [self._folder / "dicom" / name for name in names]
        moment = datetime.fromisoformat(self.recall.since)
        content = rejection_note(objects, self.recall.title, moment, VERSION)
        path = self._folder / REJECTIONS / f"{self.name}-{what}.dcm"
        make_folder_durably(path.parent)
        write_durably(path, [content], self.register.staging)
        return path

    def _give_alarm(self, why: str) -> None:
        code = Code.NOT_REJECTED_THERE.value
        text = "%s: run %s is recalled and still at %s: %s"
        _LOG.error(text, code, self.run_id, self.name, why, extra={"code": code})
        self._settle(why, is_rejected=False)

    def _settle(self, note: str, *, is_rejected: bool) -> None:
        receipt = CommitmentBook(self.register).close_all(self._receipt())
        settled = replace(
            receipt,
            is_withdrawn=True,
            is_rejected=is_rejected,
            notes=receipt.notes | {_NOTE: note},
        )
        self.register.write_receipt(self.run_id, self.name, settled)

    @property
    def _folder(self) -> Path:
        return self.register.run_folder(self.run_id)

    def _receipt(self) -> Receipt:
        return self.register.receipt(self.run_id, self.name)
