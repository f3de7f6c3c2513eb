"""One attempt: hold, compare, send, have it committed; each step leaves its mark on disk."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from pathlib import Path

from app.service.delivery.commitment import CommitmentBook
from app.service.delivery.holds import hold, read_hold
from app.service.delivery.identity import compare_patient
from app.service.delivery.routes import Route, transmit
from app.service.delivery.settling import Settling
from app.service.delivery.states import COMMITMENT_PENDING, DELIVERED, HELD
from app.service.records import Receipt, RunOutcome
from app.service.register import Register
from pacs.part10 import FileMeta
from pacs.sender import Destination, SendError, SendFailure, Stored, read_object
from spine.errors import Code
from spine.reporting.kinds import REPORT_KINDS, kind_of

_LOG = logging.getLogger(__name__)

# The destination has heard of the objects, and not taken them.
_REFUSALS = (SendFailure.CONTEXT_REJECTED, SendFailure.NOT_STORED, SendFailure.NOT_CONFIRMED)


@dataclass(frozen=True)
class Sending:
    """What is to be done for one run and destination."""

    register: Register
    run_id: str
    name: str
    route: Route
    outcome: RunOutcome

    def attempt(self, now: datetime) -> str:
        """Do what is still missing; return ``DELIVERED``, ``HELD`` or ``COMMITMENT_PENDING``.

        Raises
        ------
        SendError, OSError
            If something did not work; what did is on disk.
        """
        if self._receipt().is_complete:
            return DELIVERED
        if self._is_held():
            return HELD
        missing = self._missing()
        if missing and self._differs():
            return HELD
        self._send(missing)
        if not self._is_committed(now):
            return COMMITMENT_PENDING
        receipt = CommitmentBook(self.register).close_all(self._receipt())
        self._write(replace(receipt, is_complete=True))
        return DELIVERED

    @cached_property
    def _objects(self) -> dict[str, FileMeta]:
        """What the destination gets, by file name, in the order of the outcome."""
        folder = self.register.run_folder(self.run_id) / "dicom"
        metas = {name: read_object(folder / name) for name in self.outcome.objects}
        kinds = self.route.kinds
        return {
            name: meta for name, meta in metas.items() if kind_of(meta.sop_class_uid, name) in kinds
        }

    def _missing(self) -> list[str]:
        stored = self._receipt().objects
        return [name for name in self._objects if name not in stored]

    def _is_held(self) -> bool:
        held = read_hold(self.register, self.run_id, self.name)
        return held is not None and held.released is None

    def _differs(self) -> bool:
        """Compare the patient, where there is somebody to ask; hold where it differs."""
        if self.route.query is None:
            return False
        record = self.register.run(self.run_id)
        study = record.study_instance_uid
        received = (self.register.instance_path(study, uid) for uid in record.instances)
        found = compare_patient(study, received, self.route.query)
        note = f"not compared: {found.note}" if found.note else "compared"
        self._note("patient", note)
        held = read_hold(self.register, self.run_id, self.name)
        if not set(found.differing) - set(held.attributes if held else ()):
            return False
        code = Code.PATIENT_MISMATCH.value
        hold(self.register, self.run_id, self.name, code, found.differing)
        differing = ", ".join(found.differing)
        text = "%s: run %s is held back from %s, which has another %s"
        _LOG.error(text, code, self.run_id, self.name, differing, extra={"code": code})
        return True

    def _send(self, missing: Sequence[str]) -> None:
        """Send the reports only once all else that the destination gets has been stored."""
        reports = [name for name in missing if self._is_report(name)]
        others = [name for name in missing if name not in reports]
        try:
            self._transmit(others)
        except SendError as error:
            if not reports or error.failure not in _REFUSALS:
                raise
            detail = f"{error.detail}; the report is kept back"
            raise SendError(error.failure, detail) from error
        self._transmit(reports)

    def _transmit(self, names: Sequence[str]) -> None:
        folder = self.register.run_folder(self.run_id) / "dicom"

        def record(stored: Stored) -> None:
            receipt = self._receipt()
            objects = receipt.objects | {stored.path.name: stored.status}
            self._write(replace(receipt, objects=objects))

        if names:
            # A disk that cannot take the receipt must not cost a delivery each time; and what
            # is recalled while an answer is on its way must be known to be on its way.
            receipt = self._receipt()
            attempted = tuple(sorted({*receipt.attempted, *names}))
            self._write(replace(receipt, attempted=attempted))
            transmit(self.route, [Path(folder / name) for name in names], record)

    def _is_committed(self, now: datetime) -> bool:
        if self.route.commitment is None or not isinstance(self.route.target, Destination):
            return True
        delivery = (self.run_id, self.name)
        settling = Settling(self.register, delivery, self.route, self.route.target, self._objects)
        return settling.is_settled(now)

    def _is_report(self, name: str) -> bool:
        return kind_of(self._objects[name].sop_class_uid) in REPORT_KINDS

    def _note(self, subject: str, note: str) -> None:
        receipt = self._receipt()
        if receipt.notes.get(subject) != note:
            self._write(replace(receipt, notes=receipt.notes | {subject: note}))

    def _receipt(self) -> Receipt:
        return self.register.receipt(self.run_id, self.name)

    def _write(self, receipt: Receipt) -> None:
        self.register.write_receipt(self.run_id, self.name, receipt)
