"""Our own reports about a patient, found again when the same patient returns.

::

    patients/<hash of the four facts>/<run id>     empty, made before the run's outcome is

An entry is only where to look: that a report is about the patient is decided again where it is
read (docs/adr/0096).
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.service.durable import make_folder_durably, write_durably
from app.service.recalls import read_recall
from app.service.records import State
from app.service.register import Register
from spine.dicom.patient_key import patient_key

_REPORTS = "*structured-report.dcm"


@dataclass(frozen=True, slots=True)
class EarlierReports:
    """Finds reports by the patient they are about."""

    register: Register

    def remember(self, run_id: str, output: Path) -> None:
        """Note whom a run's report is about, if it has one that says so."""
        for report in self._reports(output):
            key = patient_key(report)
            if key is not None:
                folder = self._folder(key)
                make_folder_durably(folder)
                write_durably(folder / run_id, (), self.register.staging)

    def forget(self, run_id: str) -> None:
        """Undo it, while the run's report is still there."""
        for report in self._reports(self.register.run_folder(run_id)):
            key = patient_key(report)
            if key is not None:
                (self._folder(key) / run_id).unlink(missing_ok=True)

    def lay_out(self, study: str, source: Path) -> Path | None:
        """Link the reports about the other studies of a study's patient into a folder beside it.

        Parameters
        ----------
        source : folder of the study's instances

        Returns
        -------
        The folder; None where there is no such report.
        """
        target = source.with_name("priors")
        for path in self._of_patient(study, source):
            target.mkdir(exist_ok=True)
            try:
                os.link(path, target / f"{path.parents[1].name}-{path.name}")
            except FileNotFoundError:
                # Its retention has just ended.
                continue
        return target if target.is_dir() else None

    def _of_patient(self, study: str, source: Path) -> Iterator[Path]:
        first = min(source.iterdir(), default=None)
        key = None if first is None else patient_key(first)
        folder = None if key is None else self._folder(key)
        if folder is None or not folder.is_dir():
            return
        for run_id in sorted(path.name for path in folder.iterdir()):
            outcome = self.register.outcome(run_id)
            is_other = run_id.rpartition(".")[0] != study
            is_valid = outcome is not None and outcome.state is State.WRITTEN
            if is_other and is_valid and read_recall(self.register, run_id) is None:
                yield from self._reports(self.register.run_folder(run_id))

    def _reports(self, folder: Path) -> list[Path]:
        return sorted((folder / "dicom").glob(_REPORTS))

    def _folder(self, key: str) -> Path:
        return self.register.root / "patients" / key
