"""Which runs a complete study needs: one for each profile that has something new to look at."""

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from app.service.marks import is_urgent, received_titles
from app.service.profiles import Profile, Profiles
from app.service.records import RunRecord
from app.service.register import Register
from app.service.rejected import rejected_instances
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
        for profile, titles in self._due(study):
            record = self._record(study, profile, titles)
            self.register.write_run(record)
            _LOG.info("run %s opened: %d instances", record.run_id, len(record.instances))
            opened.append(record)
        return opened

    def _due(self, study: str) -> list[tuple[Profile, frozenset[str]]]:
        """Return the profiles that have something to look at, and the titles that select them."""
        runs = self.register.runs_of(study)
        titles = received_titles(self.register, study)
        if not self._may_be_due(study, runs, titles):
            return []
        metas = self._metas(study)
        rejected = rejected_instances(self.register, study)
        images = {
            uid: meta
            for uid, meta in metas.items()
            if not is_result(meta.sop_class_uid) and uid not in rejected
        }
        titles |= {meta.receiving_ae for meta in images.values()}
        due = []
        for profile in self.profiles:
            mine = frozenset(title for title in titles if self.profiles.of_title(title) is profile)
            own = _of(profile, runs)
            is_spoiled = any(map(is_mr, _classes(images))) and _rests_on(own, rejected)
            if mine and images and (is_spoiled or _has_news(images, own, runs, mine)):
                due.append((profile, mine))
        return due

    def _may_be_due(self, study: str, runs: list[RunRecord], titles: set[str]) -> bool:
        """Look at names only: a start must not open every file that was ever received."""
        if not runs or not titles <= _answered(runs):
            return True
        rejected = rejected_instances(self.register, study)
        uids = set(self.register.instances(study)) - rejected
        names = {record.profile for record in runs}
        by_profile = [[run for run in runs if run.profile == name] for name in names]
        return any(not _seen(own) >= uids or _rests_on(own, rejected) for own in by_profile)

    def _record(self, study: str, profile: Profile, titles: frozenset[str]) -> RunRecord:
        number = len(self.register.runs_of(study)) + 1
        return RunRecord(
            run_id=f"{study}.{number}",
            analysis_time=datetime.now(UTC).isoformat(timespec="seconds"),
            profile=profile.name,
            instances=self._usable(study),
            destinations=profile.receivers,
            conflicts=self._conflicts(study),
            is_urgent=self._is_urgent(study),
            received_by=tuple(sorted(titles)),
        )

    def _usable(self, study: str) -> tuple[str, ...]:
        rejected = rejected_instances(self.register, study)
        return tuple(uid for uid in self.register.instances(study) if uid not in rejected)

    def _conflicts(self, study: str) -> tuple[str, ...]:
        rejected = rejected_instances(self.register, study)
        return tuple(self.register.conflicts(study, without=rejected))

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


def _of(profile: Profile, runs: Iterable[RunRecord]) -> list[RunRecord]:
    return [record for record in runs if record.profile == profile.name]


def _classes(images: Mapping[str, FileMeta]) -> list[str]:
    return [meta.sop_class_uid for meta in images.values()]


def _rests_on(own: list[RunRecord], rejected: frozenset[str]) -> bool:
    """Tell whether the latest run of a profile was given what must not be used any more."""
    return bool(own) and not rejected.isdisjoint(own[-1].instances)


def _seen(runs: Iterable[RunRecord]) -> set[str]:
    return {uid for record in runs for uid in record.instances}


def _answered(runs: Iterable[RunRecord]) -> set[str]:
    return {title for record in runs for title in record.received_by}


def _has_news(
    images: Mapping[str, FileMeta],
    own: list[RunRecord],
    runs: list[RunRecord],
    titles: frozenset[str],
) -> bool:
    """Tell whether there is something for a profile to look at.

    The first run of a study also looks at one without MR, to say that there is nothing to
    analyze; after it only MR can change anything. A profile without runs looks at what came
    by a title of its own that no run has answered: not at every study from before it was
    configured, which another profile has answered.

    Parameters
    ----------
    own, runs : of the profile, of the study
    titles : by which the study came, as far as they select the profile
    """
    if not own and not titles <= _answered(runs):
        return True
    seen = _seen(own or runs)
    new = [meta for uid, meta in images.items() if uid not in seen]
    return any(is_mr(meta.sop_class_uid) for meta in new)
