"""Rejection notes that came in (IHE IOCM): which runs rest on what they reject.

Looking at a note twice changes nothing (docs/adr/0104).
"""

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from app.service.durable import fsync_folder, read_json, write_durably, write_json_durably
from app.service.recalls import REJECTED_SOURCES, is_new_reason, read_recall, recall
from app.service.records import RunRecord, State
from app.service.register import Register
from app.service.rejected import mark_rejected, notes_folder, rejected_instances
from app.service.sop_classes import is_mr
from pacs.query import read_texts
from pacs.sender import SendError
from spine.dicom.rejection import RejectionNote, RejectionTitle, read_rejection_note
from spine.errors import Code, InputError

_LOG = logging.getLogger(__name__)

_CLASS = "SOPClassUID"
_COMPARED = ("PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientSex")
# What is withdrawn by policy was right, and so is what rests on it.
_HARMLESS = RejectionTitle.RETENTION_EXPIRED


@dataclass(frozen=True, slots=True)
class Rejections:
    """Looks at what came in.

    Attributes
    ----------
    on_recall : called with each run that is recalled
    on_change : called with a study of which some instances must not be used any more
    """

    register: Register
    on_recall: Callable[[str], None]
    on_change: Callable[[str], None]

    def sweep(self) -> None:
        """Look at every note that is open; one that fails is looked at again the next time."""
        folder = notes_folder(self.register)
        for path in sorted(folder.glob("*.open")) if folder.is_dir() else ():
            try:
                self._look(path)
            except Exception as error:  # noqa: BLE001
                # Whatever is wrong with one must not keep the others from being looked at.
                reason = error.strerror if isinstance(error, OSError) else type(error).__name__
                _LOG.error("rejection note %s: %s", path.stem, reason)

    def _look(self, path: Path) -> None:
        source = self.register.instance_path(path.read_text(), path.stem)
        if not source.exists():
            _LOG.error("rejection note %s is gone", path.stem)
            path.unlink()
            return
        # Opened here: a disk that fails is no fault of the note's.
        source.open("rb").close()
        code, note = self._judge(source)
        runs: list[str] = []
        if note is not None and code in (None, Code.REJECTION_UNKNOWN_INSTANCES):
            # Asked first: a run that ends meanwhile is looked at once more.
            is_unfinished = self._has_unfinished(note)
            runs = self._recall(note)
            if is_unfinished:
                # They end with what they were given, and are judged then.
                return
        if note is not None or code is not None:
            self._record(path, code, note, runs)
        if code is not None:
            self._put_aside(source, path.read_text(), code)
        path.unlink()
        fsync_folder(path.parent)

    def _judge(self, source: Path) -> tuple[Code | None, RejectionNote | None]:
        """Read a note, and mark what it rejects; a code where something is wrong with it."""
        try:
            note = read_rejection_note(source)
        except InputError as error:
            return error.code, None
        if note is None or note.title is _HARMLESS:
            return None, None
        known = set(self.register.studies())
        if any(self._is_other_patient(source, name) for name in _studies(note) & known):
            return Code.REJECTION_OTHER_PATIENT, note
        for name in _studies(note) & known:
            mark_rejected(self.register, name, _of_study(note, name))
        is_known = all(
            name in known and self.register.instance_path(name, uid).exists()
            for name, uid in note.instances
        )
        return None if is_known else Code.REJECTION_UNKNOWN_INSTANCES, note

    def _is_other_patient(self, source: Path, study: str) -> bool:
        """Tell whether a note and the images of a study name two patients.

        What either side does not say is no difference.
        """
        note = _texts(source)
        rejected = rejected_instances(self.register, study)
        # What is rejected may be another patient's itself.
        uids = sorted(self.register.instances(study), key=lambda uid: uid in rejected)
        found = (_texts(self.register.instance_path(study, uid)) for uid in uids)
        image = next((texts for texts in found if is_mr(texts.get(_CLASS, ""))), {})
        return any(
            note.get(name) and image.get(name) and note[name] != image[name] for name in _COMPARED
        )

    def _has_unfinished(self, note: RejectionNote) -> bool:
        return any(
            self.register.outcome(record.run_id) is None
            for study in _studies(note)
            for record in self.register.runs_of(study)
        )

    def _recall(self, note: RejectionNote) -> list[str]:
        """Recall every run that rests on what is rejected; return them."""
        recalled = []
        for study in sorted(_studies(note)):
            rejected = set(_of_study(note, study))
            for record in self.register.runs_of(study):
                if not rejected & self._used(record):
                    continue
                recalled.append(record.run_id)
                # Not for the same reason again: that opens what is settled, at every look.
                if is_new_reason(note.title, read_recall(self.register, record.run_id)):
                    recall(self.register, record.run_id, note.title, REJECTED_SOURCES)
                    self.on_recall(record.run_id)
            self.on_change(study)
        return recalled

    def _used(self, record: RunRecord) -> set[str]:
        """Return the instances that a run's results rest on.

        All that it saw where its results do not say it, or were removed.
        """
        outcome = self.register.outcome(record.run_id)
        if outcome is None or outcome.state is not State.WRITTEN:
            return set()
        results = read_json(self.register.run_folder(record.run_id) / "results.json") or {}
        selected = results.get("selection", {}).get("instances")
        return set(record.instances if selected is None else selected)

    def _record(
        self, path: Path, code: Code | None, note: RejectionNote | None, runs: list[str]
    ) -> None:
        facts = {
            "study_instance_uid": path.read_text(),
            "code": None if code is None else code.value,
            "title": None if note is None else note.title.value,
            "instances": 0 if note is None else len(note.instances),
            "recalled": runs,
            "judged_at": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        write_json_durably(path.with_suffix(".json"), facts, self.register.staging)
        log = _LOG.info if code is None else _LOG.error
        log("rejection note %s: %s, %d runs recalled", path.stem, code or "applied", len(runs))

    def _put_aside(self, source: Path, study: str, code: Code) -> None:
        """Keep a copy with its code where whoever looks after the service finds it."""
        uid = source.stem
        if code is not Code.REJECTION_UNKNOWN_INSTANCES:
            # No part of the study it lies in: its runs would be about two patients.
            mark_rejected(self.register, study, [uid])
            self.on_change(study)
        content = source.read_bytes()
        name = hashlib.sha256(content).hexdigest()
        aside = self.register.aside
        write_durably(aside / f"{name}.bin", [content], self.register.staging)
        facts = {"code": code.value, "study_instance_uid": study, "sop_instance_uid": uid}
        write_json_durably(aside / f"{name}.json", facts, self.register.staging)


def _studies(note: RejectionNote) -> set[str]:
    return {study for study, _ in note.instances}


def _of_study(note: RejectionNote, study: str) -> list[str]:
    return [uid for name, uid in note.instances if name == study]


def _texts(path: Path) -> dict[str, str]:
    try:
        return read_texts(path, (_CLASS, *_COMPARED))
    except SendError:
        return {}
