"""Storage commitment of one run: ask, wait, ask again, send again what is not committed."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from app.service.delivery.attempts import Failure, record_failure
from app.service.delivery.commitment import CommitmentBook
from app.service.delivery.routes import CommitmentRule, Route
from app.service.records import Receipt
from app.service.register import Register
from pacs.commitment import Report, request_commitment
from pacs.part10 import FileMeta
from pacs.sender import Destination, SendError, SendFailure

_LOG = logging.getLogger(__name__)

COMMITMENT_OVERDUE = "COMMITMENT_OVERDUE"
# A late report counts as well as one in time; but not for ever.
_MOST_TRANSACTIONS = 16
_MOST_REFUSALS = 3


@dataclass(frozen=True)
class Settling:
    """The commitment of one run and destination; its state is the receipt.

    Attributes
    ----------
    delivery : run id and name of the destination
    objects : what the destination gets, by file name
    """

    register: Register
    delivery: tuple[str, str]
    route: Route
    peer: Destination
    objects: Mapping[str, FileMeta]

    def is_settled(self, now: datetime) -> bool:
        """Tell whether everything is committed, or the peer does not offer that.

        Raises
        ------
        SendError
            ``COMMITMENT_FAILED`` where objects are not committed and must be sent again, and
            what `pacs.commitment.request_commitment` raises.
        """
        rule = self.route.commitment or CommitmentRule()
        self._take_reports()
        if self._open() and not self._is_waiting(rule, now):
            self._give_alarm(rule, now)
            if not self._ask(rule, now):
                return True
            self._take_reports()
        return not self._open()

    def _open(self) -> list[str]:
        committed = self._receipt().committed
        return [name for name in self.objects if name not in committed]

    def _is_waiting(self, rule: CommitmentRule, now: datetime) -> bool:
        # Without a time the question may never have left: we were killed, and ask again.
        times = filter(None, self._receipt().transactions.values())
        elapsed = [(now - datetime.fromisoformat(asked)).total_seconds() for asked in times]
        # A negative time means that the clock was set back: better asked once too often.
        return any(0 <= seconds < rule.timeout_s for seconds in elapsed)

    def _give_alarm(self, rule: CommitmentRule, now: datetime) -> None:
        if any(self._receipt().transactions.values()):
            detail = f"{len(self._open())} objects, no report within {rule.timeout_s:.0f} s"
            failure = Failure(COMMITMENT_OVERDUE, detail, is_alarm=True)
            record_failure(self.register, self.delivery, failure, self.route.overdue, now)

    def _ask(self, rule: CommitmentRule, now: datetime) -> bool:
        """Ask for what is open; tell whether the peer offers commitment at all."""
        book = CommitmentBook(self.register)
        transaction = book.open(*self.delivery)
        # Before the question, whose answer may come at once; with its time when it was heard.
        self._note_transaction(transaction, "")
        metas = [self.objects[name] for name in self._open()]
        references = [(meta.sop_class_uid, meta.sop_instance_uid) for meta in metas]
        try:
            request_commitment(self.peer, transaction, references, book.keep, rule.wait_s)
        except SendError as error:
            self._drop([transaction])
            if rule.is_required or not self._is_none_to_expect(error):
                raise
            return False
        self._note_transaction(transaction, now.isoformat())
        return True

    def _is_none_to_expect(self, error: SendError) -> bool:
        """Tell, and note, whether a destination will never commit itself.

        One that offers it but refuses us cannot be told from one that is just not well, but
        for its refusing again.
        """
        receipt, note = self._receipt(), "not offered"
        if error.failure is SendFailure.COMMITMENT_REFUSED:
            receipt, note = replace(receipt, refusals=receipt.refusals + 1), error.detail
            self._write(receipt)
        elif error.failure is not SendFailure.CONTEXT_REJECTED:
            return False
        if 0 < receipt.refusals < _MOST_REFUSALS:
            return False
        _LOG.warning("run %s: %s does not commit itself: %s", *self.delivery, note)
        self._write(replace(receipt, notes=receipt.notes | {"commitment": note}))
        return True

    def _take_reports(self) -> None:
        book = CommitmentBook(self.register)
        failed: dict[str, int] = {}
        for transaction in self._receipt().transactions:
            report = book.report(transaction)
            if report is not None:
                failed |= self._take(report)
                self._drop([transaction])
        if failed:
            reasons = sorted({f"0x{reason:04X}" for reason in failed.values()})
            detail = f"{len(failed)} objects: {', '.join(reasons)}"
            raise SendError(SendFailure.COMMITMENT_FAILED, detail)

    def _take(self, report: Report) -> dict[str, int]:
        """Write down what is committed, forget what is not; return why it is not."""
        receipt = self._receipt()
        names = {meta.sop_instance_uid: name for name, meta in self.objects.items()}
        new = {names[uid] for uid in report.committed if uid in names}
        committed = new | set(receipt.committed)
        failed = {names[uid]: reason for uid, reason in report.failed.items() if uid in names}
        # An earlier transaction may fail for what a later one has committed.
        failed = {name: reason for name, reason in failed.items() if name not in committed}
        objects = {name: code for name, code in receipt.objects.items() if name not in failed}
        self._write(replace(receipt, objects=objects, committed=tuple(sorted(committed))))
        return failed

    def _note_transaction(self, transaction: str, asked: str) -> None:
        receipt = self._receipt()
        self._write(replace(receipt, transactions=receipt.transactions | {transaction: asked}))
        # The new one is the last, though it has no time yet.
        known = [item for item in self._receipt().transactions.items() if item[0] != transaction]
        by_time = [*sorted(known, key=lambda item: item[1]), (transaction, asked)]
        self._drop([uid for uid, _asked in by_time[:-_MOST_TRANSACTIONS]])

    def _drop(self, transactions: list[str]) -> None:
        receipt = self._receipt()
        kept = {uid: at for uid, at in receipt.transactions.items() if uid not in transactions}
        self._write(replace(receipt, transactions=kept))
        CommitmentBook(self.register).close(transactions)

    def _receipt(self) -> Receipt:
        return self.register.receipt(*self.delivery)

    def _write(self, receipt: Receipt) -> None:
        self.register.write_receipt(*self.delivery, receipt)
