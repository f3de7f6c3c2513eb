"""The earlier result about the same study that a new one replaces.

Late instances open another run. What it says must name what it replaces (PS3.3 C.17.2,
Predecessor Documents Sequence), or a reader would hold two reports and not know which counts.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydicom import Dataset, dcmread
from pydicom.uid import Comprehensive3DSRStorage

from spine.dicom.study import Selection

_REFERENCE = ("StudyInstanceUID", "SeriesInstanceUID", "SOPClassUID", "SOPInstanceUID")


@dataclass(frozen=True, slots=True)
class DocumentReference:
    """Where a structured report is filed."""

    study_instance_uid: str
    series_instance_uid: str
    sop_class_uid: str
    sop_instance_uid: str

    def to_dataset(self) -> Dataset:
        """Return the four identifiers as a data set."""
        dataset = Dataset()
        dataset.StudyInstanceUID = self.study_instance_uid
        dataset.SeriesInstanceUID = self.series_instance_uid
        dataset.SOPClassUID = self.sop_class_uid
        dataset.SOPInstanceUID = self.sop_instance_uid
        return dataset


@dataclass(frozen=True, slots=True)
class Predecessor:
    """A written result of an earlier run about the same study, by the same profile.

    Attributes
    ----------
    revision : 1 for the first result about a study
    instances : SOP instance UIDs of the series that was selected, sorted
    report : the structured report; None where none was written
    """

    revision: int
    instances: tuple[str, ...]
    report: DocumentReference | None


def selected_instances(selection: Selection) -> tuple[str, ...]:
    """Return the SOP instance UIDs of every selected series, sorted; none where there is none."""
    return tuple(sorted(item.sop_instance_uid for item in selection.instances))


def read_predecessor(folder: Path) -> Predecessor | None:
    """Read what the folder of an earlier run says about itself.

    Returns
    -------
    None where its results have been removed, or say not which instances they rest on
        (as before revisions were known): the new result then stands alone.
    """
    try:
        results: dict[str, Any] = json.loads((folder / "results.json").read_bytes())
    except FileNotFoundError:
        return None
    instances = results.get("selection", {}).get("instances")
    if instances is None:
        return None
    revision = int(results["run"].get("revision", 1))
    return Predecessor(revision, tuple(instances), _report(folder, results["objects"]))


def _report(folder: Path, objects: list[dict[str, Any]]) -> DocumentReference | None:
    for item in objects:
        if item["sop_class_uid"] == Comprehensive3DSRStorage:
            header = dcmread(folder / item["file"], specific_tags=[*_REFERENCE])
            return DocumentReference(*(str(header[keyword].value) for keyword in _REFERENCE))
    return None
