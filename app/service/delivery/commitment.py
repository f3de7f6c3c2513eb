"""Storage commitment of one run and destination, and the book of open transactions.

::

    commitments/<transaction UID>.json           asked; written before the question is sent
    commitments/<transaction UID>.report.json    what the peer said; written before we answer

A report may come while nobody waits for it, to another process than the one that asked.
The pages of the book are therefore files; what they mean for a run is in its receipt.
"""

import json
import logging
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from app.service.durable import make_folder_durably, write_json_durably
from app.service.records import Receipt
from app.service.register import Register, is_uid
from pacs.commitment import Report

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CommitmentBook:
    """Open transactions on disk; usable from any process that shares it."""

    register: Register

    def open(self, run_id: str, destination: str) -> str:
        """Return a new transaction UID; it is known to the book before anybody is asked."""
        # PS3.5, B.2. Random: only whom we ask can report on it.
        transaction = f"2.25.{uuid.uuid4().int}"
        path = self._asked(transaction)
        make_folder_durably(path.parent)
        asked = {"run_id": run_id, "destination": destination}
        write_json_durably(path, asked, self.register.staging)
        return transaction

    def keep(self, report: Report) -> None:
        """Keep a report, durably, where we asked for it.

        Raises
        ------
        OSError
            If it could not be kept.
        """
        transaction = report.transaction_uid
        if not is_uid(transaction) or not self._asked(transaction).exists():
            _LOG.warning("a storage commitment report on an unknown transaction is ignored")
            return
        write_json_durably(self._reported(transaction), asdict(report), self.register.staging)

    def report(self, transaction: str) -> Report | None:
        """Return what was reported on a transaction, None as long as nothing was."""
        path = self._reported(transaction)
        if not path.exists():
            return None
        content = json.loads(path.read_text())
        return Report(transaction, tuple(content["committed"]), dict(content["failed"]))

    def close(self, transactions: Sequence[str]) -> None:
        """Forget transactions; a later report on them is ignored."""
        for transaction in transactions:
            self._asked(transaction).unlink(missing_ok=True)
            self._reported(transaction).unlink(missing_ok=True)

    def close_all(self, receipt: Receipt) -> Receipt:
        """Forget what a receipt waits for, of which nothing depends any more; return the rest."""
        self.close(tuple(receipt.transactions))
        return replace(receipt, transactions={})

    def _asked(self, transaction: str) -> Path:
        return self.register.root / "commitments" / f"{transaction}.json"

    def _reported(self, transaction: str) -> Path:
        return self.register.root / "commitments" / f"{transaction}.report.json"
