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

from app.service.opening import Opening
from app.service.records import RunRecord, State
from app.service.register import Register

_LOG = logging.getLogger(__name__)

_DAY_S = 86_400.0
_RESULTS = ("dicom", "pictures", "results.json")
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
        removed = [study for study in self._register.studies() if self._is_due(study)]
        for study in removed:
            self._remove(study)
            _LOG.info("study %s removed: its retention is over", study)
        return removed

    def _is_due(self, study: str) -> bool:
        runs = self._register.runs_of(study)
        if not runs or not any(self._leftovers(study, runs)):
            return False
        days = [self._days(record) for record in runs]
        if not all(days) or not all(self._is_finished(record) for record in runs):
            return False
        newest = max(path.stat().st_mtime for path in self._traces(study, runs))
        return time.time() - newest > max(days) * _DAY_S and not self.opening.has_news(study)

    def _days(self, record: RunRecord) -> float:
        """Return how long a run's profile keeps it; 0, for ever, where it is not configured."""
        profile = self.opening.profiles.named(record.profile)
        return 0.0 if profile is None else profile.retention_days

    def _is_finished(self, record: RunRecord) -> bool:
        outcome = self._register.outcome(record.run_id)
        if outcome is None or outcome.state.is_retryable:
            return False
        return outcome.state is not State.WRITTEN or all(
            self._register.receipt(record.run_id, name).is_complete for name in record.destinations
        )

    def _traces(self, study: str, runs: list[RunRecord]) -> Iterator[Path]:
        """Yield the files whose age is the study's."""
        yield from self._instances(study, runs)
        for record in runs:
            folder = self._register.run_folder(record.run_id)
            yield folder / "outcome.json"
            yield from folder.glob("delivered/*.json")

    def _leftovers(self, study: str, runs: list[RunRecord]) -> Iterator[Path]:
        yield from self._instances(study, runs)
        for record in runs:
            folder = self._register.run_folder(record.run_id)
            yield from (folder / name for name in _RESULTS if (folder / name).exists())

    def _instances(self, study: str, runs: list[RunRecord]) -> Iterator[Path]:
        """Yield what a run has seen: an instance that arrives now is none of these."""
        seen = {uid for record in runs for uid in record.instances}
        for uid in self._register.instances(study):
            if uid in seen:
                yield self._register.instance_path(study, uid)

    def _remove(self, study: str) -> None:
        runs = self._register.runs_of(study)
        for path in list(self._leftovers(study, runs)):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink()
        for name in {name for record in runs for name in record.conflicts}:
            for suffix in (".bin", ".json"):
                (self._register.aside / f"{name}{suffix}").unlink(missing_ok=True)
