"""The disk is the register: where studies, runs and rejects lie, and how they get there.

::

    studies/<StudyUID>/in/<SOPUID>.dcm
    studies/<StudyUID>/marks/{urgent,title-<hex>}
    runs/<StudyUID>.<n>/{run.json,results.json,dicom/,pictures/,outcome.json}
    runs/<StudyUID>.<n>/{hold,recall}.json, rejections/   (app.service.holds, app.service.recalls)
    runs/<StudyUID>.<n>/delivered/<destination>{,.attempts,.hold}.json
    commitments/ questions to destinations and what they reported (app.service.delivery)
    aside/<hash>.{bin,json}
    studies/<StudyUID>/rejected/<SOPUID>    by rejection notes (app.service.rejected, .rejections)
    rejections/  rejection notes that came in, and what came of them
    patients/    which runs report on a patient (app.service.earlier_reports)
    returned/<StudyUID>/<SOPUID>.dcm     our own results, sent back to us: input of nothing
    locks/       held while processes decide about the same instance
    work/        unfinished files and the folders of running analyses; emptied at the start
"""

import fcntl
import json
import os
import re
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.service.durable import (
    fsync_folder,
    fsync_tree,
    make_folder_durably,
    read_json,
    write_durably,
    write_json_durably,
)
from app.service.records import Receipt, RunOutcome, RunRecord
from spine.dicom.identifiers import is_received_uid
from spine.errors import Code, SpineError

RESTORING = "restoring"
"""Lies in the root while a restore is not finished."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_RESULTS = ("dicom", "pictures", "results.json")


def is_uid(text: str) -> bool:
    """Tell whether a text is a UID as we take it, and therefore safe as the name of a file."""
    return is_received_uid(text)


def is_name(text: str) -> bool:
    """Tell whether a text can name a destination, and a file."""
    return _NAME.fullmatch(text) is not None


def is_run_id(text: str) -> bool:
    """Tell whether a text can name a run, and so a folder."""
    study, _, number = text.rpartition(".")
    return is_uid(study) and number.isascii() and number.isdigit()


@dataclass(frozen=True, slots=True)
class Register:
    """Paths below one root, and the few ways in which they change."""

    root: Path

    @property
    def staging(self) -> Path:
        return self.root / "work"

    @property
    def aside(self) -> Path:
        return self.root / "aside"

    @property
    def locks(self) -> Path:
        return self.root / "locks"

    @contextmanager
    def hold(self, *, unfinished_restore: bool = False) -> Iterator[None]:
        """Keep every other process from serving out of this folder.

        Parameters
        ----------
        unfinished_restore : whether a restore may be under way, as for the restore itself

        Raises
        ------
        SpineError
            ``SETTINGS_INVALID`` if one does already, or a restore was not finished;
            ``OUTPUT_UNWRITABLE`` if this user cannot write there.
        """
        try:
            make_folder_durably(self.root)
            lock = (self.root / "lock").open("w")
        except OSError as error:
            reason = f"{self.root}: {error.strerror}, as user {os.getuid()}"
            raise SpineError(Code.OUTPUT_UNWRITABLE, reason) from None
        with lock as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                reason = f"{self.root}: another process serves out of this folder"
                raise SpineError(Code.SETTINGS_INVALID, reason) from None
            if not unfinished_restore and (self.root / RESTORING).exists():
                reason = f"{self.root}: a restore was not finished, repeat it"
                raise SpineError(Code.SETTINGS_INVALID, reason)
            yield

    def prepare(self) -> None:
        """Create the folders; throw away what a killed process left unfinished."""
        shutil.rmtree(self.staging, ignore_errors=True)
        for name in ("studies", "runs", "aside", "returned", "locks", "work"):
            make_folder_durably(self.root / name)

    def input_folder(self, study: str) -> Path:
        """Return where a study's instances lie."""
        if not is_uid(study):
            raise ValueError("not a UID")
        return self.root.joinpath("studies", study, "in")

    def instance_path(self, study: str, sop_instance: str) -> Path:
        """Return where an instance lies or will lie."""
        if not is_uid(study) or not is_uid(sop_instance):
            raise ValueError("not a UID")
        # In one step: asked for each instance that comes in, and joining paths takes its time.
        return self.root.joinpath("studies", study, "in", f"{sop_instance}.dcm")

    def returned_path(self, study: str, sop_instance: str) -> Path:
        """Return where a result of ours lies or will lie that was sent back to us."""
        if not is_uid(sop_instance):
            raise ValueError("not a UID")
        return self.returned_folder(study) / f"{sop_instance}.dcm"

    def returned_folder(self, study: str) -> Path:
        """Return where results of ours about a study lie that were sent back to us."""
        if not is_uid(study):
            raise ValueError("not a UID")
        return self.root / "returned" / study

    def studies(self) -> list[str]:
        """Return the UIDs of all studies ever received."""
        return sorted(path.name for path in (self.root / "studies").iterdir() if is_uid(path.name))

    def instances(self, study: str) -> list[str]:
        """Return the SOP instance UIDs of a study."""
        return sorted(path.stem for path in self.input_folder(study).glob("*.dcm"))

    def mark(self, study: str, name: str) -> bool:
        """Note something about a study, durably; return whether it was new."""
        if not is_name(name):
            raise ValueError("not a name")
        path = self._marks_path(study, name)
        if path.exists():
            return False
        make_folder_durably(path.parent)
        write_durably(path, (), self.staging)
        return True

    def marks(self, study: str) -> frozenset[str]:
        """Return what was noted about a study."""
        folder = self._marks_path(study)
        return frozenset(path.name for path in folder.iterdir()) if folder.is_dir() else frozenset()

    def _marks_path(self, study: str, name: str = "") -> Path:
        if not is_uid(study):
            raise ValueError("not a UID")
        return self.root.joinpath("studies", study, "marks", name)

    def run_folder(self, run_id: str) -> Path:
        """Return where a run's record and results lie."""
        if not is_run_id(run_id):
            raise ValueError("not a run id")
        return self.root / "runs" / run_id

    def run_ids(self) -> list[str]:
        """Return the names of all runs' folders, by study and number; some may lack a record."""
        try:
            found = os.listdir(self.root / "runs")  # noqa: PTH208 - no path for each run
        except FileNotFoundError:
            return []
        runs = (name for name in found if is_run_id(name))
        return sorted(runs, key=lambda name: tuple(map(int, name.split("."))))

    def runs(self) -> Iterator[RunRecord]:
        """Yield the records of all runs, by study and number."""
        for run_id in self.run_ids():
            if (self.run_folder(run_id) / "run.json").exists():
                yield self.run(run_id)

    def runs_of(self, study: str) -> list[RunRecord]:
        """Return the records of a study's runs, oldest first."""
        records: list[RunRecord] = []
        # Numbers have no gaps; to look for them all would read the folder of all studies' runs.
        while (folder := self.run_folder(f"{study}.{len(records) + 1}") / "run.json").exists():
            records.append(self.run(folder.parent.name))
        return records

    def run(self, run_id: str) -> RunRecord:
        """Read a run's record."""
        return RunRecord.from_json(json.loads((self.run_folder(run_id) / "run.json").read_bytes()))

    def write_run(self, record: RunRecord) -> None:
        """Write a run's record: from now on the run exists."""
        folder = self.run_folder(record.run_id)
        make_folder_durably(folder)
        write_json_durably(folder / "run.json", record.to_json(), self.staging)

    def outcome(self, run_id: str) -> RunOutcome | None:
        """Return how a run ended, None where it has not."""
        content = read_json(self.run_folder(run_id) / "outcome.json")
        return None if content is None else RunOutcome.from_json(content)

    def forget_outcome(self, run_id: str) -> None:
        """Let a run that ended be executed again."""
        folder = self.run_folder(run_id)
        (folder / "outcome.json").unlink(missing_ok=True)
        fsync_folder(folder)

    def open_work(self, record: RunRecord) -> tuple[Path, Path]:
        """Return an input folder with just the run's instances, and an empty output folder.

        Instances that arrive later must not change what a repeated run sees.
        """
        work = self.staging / record.run_id
        shutil.rmtree(work, ignore_errors=True)
        source, output = work / "in", work / "out"
        source.mkdir(parents=True)
        output.mkdir()
        for uid in record.instances:
            path = self.instance_path(record.study_instance_uid, uid)
            os.link(path, source / path.name)
        for name in record.conflicts:
            # Sorts behind every UID: the reader keeps the first of two versions and says so.
            os.link(self.aside / f"{name}.bin", source / f"conflict-{name}.dcm")
        return source, output

    def close_work(self, run_id: str, outcome: RunOutcome) -> None:
        """Move what was written into the run's folder and record how it ended."""
        folder, work = self.run_folder(run_id), self.staging / run_id
        for name in _RESULTS:
            made, kept = work / "out" / name, folder / name
            # Left by an earlier try that ended before its outcome was recorded.
            shutil.rmtree(kept) if kept.is_dir() else kept.unlink(missing_ok=True)
            # What an analysis left that did not end is nobody's result.
            if made.exists() and not outcome.state.is_retryable:
                fsync_tree(made)
                made.rename(kept)
        fsync_folder(folder)
        write_json_durably(folder / "outcome.json", outcome.to_json(), self.staging)
        shutil.rmtree(work, ignore_errors=True)

    def conflicts(self, study: str, without: Collection[str] = ()) -> list[str]:
        """Return the names, in ``aside``, of second and different versions of its instances.

        Parameters
        ----------
        without : instances of which no version may be used
        """
        found = ((path.stem, read_json(path)) for path in self.aside.glob("*.json"))
        return sorted(
            name
            for name, facts in found
            if facts is not None
            and facts["study_instance_uid"] == study
            and facts["code"] == Code.CONFLICTING_DUPLICATE
            and facts.get("sop_instance_uid") not in without
        )

    def receipt(self, run_id: str, destination: str) -> Receipt:
        """Return what a destination has confirmed so far."""
        content = read_json(self.delivery_path(run_id, destination))
        return Receipt({}) if content is None else Receipt.from_json(content)

    def write_receipt(self, run_id: str, destination: str, receipt: Receipt) -> None:
        """Record what a destination has confirmed."""
        path = self.delivery_path(run_id, destination)
        make_folder_durably(path.parent)
        write_json_durably(path, receipt.to_json(), self.staging)

    def delivery_path(self, run_id: str, destination: str, what: str = "") -> Path:
        """Return where the receipt lies, or what else is kept of a delivery."""
        if not is_name(destination):
            raise ValueError("not the name of a destination")
        return self.run_folder(run_id) / "delivered" / f"{destination}{what}.json"
