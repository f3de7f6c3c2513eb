"""Removal of finished studies: what was received and what was found, never what was done.

Records, outcomes and receipts stay (UIDs only): an instance that is sent again after years is
then known to have been analyzed, and its results to have been delivered.
"""

import logging
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from app.service.delivery.withdrawing import REJECTIONS
from app.service.durable import read_json
from app.service.earlier_reports import EarlierReports
from app.service.opening import Opening
from app.service.recalls import is_settled
from app.service.records import RunRecord, State
from app.service.register import Register
from app.service.rejected import notes_folder, rejected_instances

_LOG = logging.getLogger(__name__)

_DAY_S = 86_400.0
_RESULTS = ("dicom", "pictures", "results.json", REJECTIONS)
_CLOCK_TOLERANCE_S = 600.0


def _clock_offset_s() -> float:
    return time.time() - time.monotonic()


@dataclass(frozen=True, slots=True)
class Retention:
    """Removes what every profile of a study lets go."""

    opening: Opening
    _offset_s: float = field(default_factory=_clock_offset_s)

    @property
    def _register(self) -> Register:
        return self.opening.register

    def sweep(self) -> list[str]:
        """Remove all that is due; return the studies."""
        if abs(_clock_offset_s() - self._offset_s) > _CLOCK_TOLERANCE_S:
            # A clock that jumped a year ahead makes every study a year old.
            _LOG.error("nothing is removed: the clock was set while the service ran")
            return []
        aside = self._aside()
        removed = []
        for study in self._register.studies():
            if due := self._due(study, aside.get(study, [])):
                self._remove(study, due)
                removed.append(study)
                _LOG.info("study %s: %d files removed after its retention", study, len(due))
        return removed

    def _aside(self) -> dict[str, list[Path]]:
        """Return what was put aside, by the study that it names."""
        found: dict[str, list[Path]] = {}
        for path in sorted(self._register.aside.glob("*.json")):
            study = (read_json(path) or {}).get("study_instance_uid")
            content = path.with_suffix(".bin")
            # The facts last: without them nobody would know whose the content is.
            found.setdefault(str(study), []).extend([content, path] if content.exists() else [path])
        return found

    def _due(self, study: str, aside: list[Path]) -> list[Path]:
        """Return what of a study is to be removed now."""
        runs = self._register.runs_of(study)
        days = [self._days(record) for record in runs]
        if not runs or not all(days):
            return []
        before = time.time() - max(days) * _DAY_S
        leftovers = self._leftovers(study, runs, aside, before)
        if not leftovers or not all(self._is_finished(record) for record in runs):
            return []
        newest = max(path.stat().st_mtime for path in self._traces(study, runs))
        is_over = newest < before and not self.opening.has_news(study)
        return leftovers if is_over else []

    def _days(self, record: RunRecord) -> float:
        """Return how long a run's profile keeps it; 0, for ever, where it is not configured."""
        profile = self.opening.profiles.named(record.profile)
        return 0.0 if profile is None else profile.retention_days

    def _is_finished(self, record: RunRecord) -> bool:
        outcome = self._register.outcome(record.run_id)
        if outcome is None or outcome.state.is_retryable:
            return False
        return outcome.state is not State.WRITTEN or all(
            is_settled(self._register, record.run_id, name) for name in record.destinations
        )

    def _traces(self, study: str, runs: list[RunRecord]) -> Iterator[Path]:
        """Yield the files whose age is the study's."""
        yield from self._instances(study, runs)
        for record in runs:
            folder = self._register.run_folder(record.run_id)
            yield folder / "outcome.json"
            yield from folder.glob("delivered/*.json")

    def _leftovers(
        self, study: str, runs: list[RunRecord], aside: list[Path], before: float
    ) -> list[Path]:
        """Return the results of all runs, and whatever of a study came before a moment.

        Also what no run was given: documents, results of ours that came back, second versions.
        """
        register = self._register
        # A rejection note that nobody has looked at yet says what somebody must not rely on.
        unread = {path.stem for path in notes_folder(register).glob("*.open")}
        uids = (uid for uid in register.instances(study) if uid not in unread)
        received = [register.instance_path(study, uid) for uid in uids]
        returned = register.returned_folder(study).glob("*.dcm")
        files = [*received, *returned, *aside]
        folders = [register.run_folder(record.run_id) for record in runs]
        results = [folder / name for folder in folders for name in _RESULTS]
        return [
            *(path for path in files if path.stat().st_mtime < before),
            *(path for path in results if path.exists()),
        ]

    def _instances(self, study: str, runs: list[RunRecord]) -> Iterator[Path]:
        """Yield what a run has seen or none may: an instance that arrives now is neither."""
        seen = {uid for record in runs for uid in record.instances}
        seen |= rejected_instances(self._register, study)
        for uid in self._register.instances(study):
            if uid in seen:
                yield self._register.instance_path(study, uid)

    def _remove(self, study: str, due: list[Path]) -> None:
        for record in self._register.runs_of(study):
            EarlierReports(self._register).forget(record.run_id)
        for path in due:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
