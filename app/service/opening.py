"""Which runs a complete study needs: one for each profile that has something new to look at."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from app.service.marks import is_urgent, received_titles
from app.service.profiles import Profile, Profiles
from app.service.records import RunRecord
from app.service.register import Register
from app.service.sop_classes import is_mr, is_result
from pacs.part10 import FileMeta, FileMetaError, read_meta

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Opening:
    """Opens runs: all that they depend on stands on disk.

    Attributes
    ----------
    urgent_from : calling AE titles whose studies go first
    """

    register: Register
    profiles: Profiles
    urgent_from: frozenset[str] = frozenset()

    def has_news(self, study: str) -> bool:
        """Tell whether a run would be opened now."""
        return bool(self._due(study))

    def count_images(self, study: str) -> int:
        """Return how many MR instances a study has."""
        return sum(is_mr(meta.sop_class_uid) for meta in self._metas(study).values())

    def open(self, study: str) -> list[RunRecord]:
        """Write the record of a run for each profile that has not seen all of a study."""
        opened = []
        for profile in self._due(study):
            record = self._record(study, profile)
            self.register.write_run(record)
            _LOG.info("run %s opened: %d instances", record.run_id, len(record.instances))
            opened.append(record)
        return opened

    def _due(self, study: str) -> list[Profile]:
        runs = self.register.runs_of(study)
        titles = received_titles(self.register, study)
        marked = {self.profiles.of_title(title).name for title in titles}
        uids = self.register.instances(study)
        if not self._may_be_due(uids, runs, marked):
            return []
        images = {
            uid: meta
            for uid, meta in self._metas(study).items()
            if not is_result(meta.sop_class_uid)
        }
        found = {self.profiles.of_title(meta.receiving_ae).name for meta in images.values()}
        return [
            profile
            for profile in self.profiles
            if profile.name in marked | found and _has_news(images, _of(profile.name, runs))
        ]

    def _may_be_due(self, uids: list[str], runs: list[RunRecord], marked: set[str]) -> bool:
        """Look at names only: a start must not open every file that was ever received."""
        names = {record.profile for record in runs} | marked
        return not names or any(not _seen(_of(name, runs)).issuperset(uids) for name in names)

    def _record(self, study: str, profile: Profile) -> RunRecord:
        number = len(self.register.runs_of(study)) + 1
        return RunRecord(
            run_id=f"{study}.{number}",
            analysis_time=datetime.now(UTC).isoformat(timespec="seconds"),
            profile=profile.name,
            instances=tuple(self.register.instances(study)),
            destinations=profile.receivers,
            conflicts=tuple(self.register.conflicts(study)),
            is_urgent=self._is_urgent(study),
        )

    def _is_urgent(self, study: str) -> bool:
        if is_urgent(self.register, study):
            return True
        metas = self._metas(study).values() if self.urgent_from else ()
        return any(meta.source_ae in self.urgent_from for meta in metas)

    def _metas(self, study: str) -> dict[str, FileMeta]:
        """Return what the readable files of a study say of themselves, by instance."""
        metas = {}
        for uid in self.register.instances(study):
            try:
                metas[uid] = read_meta(self.register.instance_path(study, uid))
            except FileMetaError:
                _LOG.error("instance %s: its file is not readable", uid)
        return metas


def _of(profile: str, runs: Iterable[RunRecord]) -> list[RunRecord]:
    return [record for record in runs if record.profile == profile]


def _seen(runs: Iterable[RunRecord]) -> set[str]:
    return {uid for record in runs for uid in record.instances}


def _has_news(images: Mapping[str, FileMeta], runs: list[RunRecord]) -> bool:
    """Tell whether there is something for a profile to look at.

    The first run also looks at a study without MR, to say that there is nothing to analyze;
    after it only MR can change anything.
    """
    seen = _seen(runs)
    new = [meta for uid, meta in images.items() if uid not in seen]
    return any(is_mr(meta.sop_class_uid) for meta in new) if runs else bool(new)
