"""Secondary Capture: pages as pictures that every PACS shows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage

from spine.reporting import wording
from spine.reporting.context import RunContext
from spine.reporting.identity import ObjectKind
from spine.reporting.provenance import Provenance
from spine.reporting.sources import SourceSeries
from spine.reporting.stamping import stamp

_COPIED = (
    "SpecificCharacterSet",
    "PatientName",
    "PatientID",
    "IssuerOfPatientID",
    "PatientBirthDate",
    "PatientSex",
    "PatientAge",
    "StudyInstanceUID",
    "StudyDate",
    "StudyTime",
    "StudyID",
    "StudyDescription",
    "AccessionNumber",
    "ReferringPhysicianName",
)


@dataclass(frozen=True, slots=True)
class Capture:
    """What a picture is: its kind, its number within its series, and what the series holds."""

    kind: ObjectKind
    number: int
    content: str


SUMMARY = Capture(ObjectKind.SECONDARY_CAPTURE, 1, "summary page")


def key_capture(number: int) -> Capture:
    """Return what a key picture is; all lie in one series, through which a reader scrolls."""
    return Capture(ObjectKind.KEY_PICTURE, number, "key pictures")


def secondary_capture(page: NDArray[np.uint8], capture: Capture, provenance: Provenance) -> Dataset:
    """Make the object of a page, uint8 (rows, columns, 3); its series number is left to set."""
    dataset, identity = from_source(provenance.source), provenance.identity
    dataset.SOPClassUID = SecondaryCaptureImageStorage
    dataset.SOPInstanceUID = identity.instance_uid(capture.kind, "rgb", capture.number)
    dataset.SeriesInstanceUID = identity.series_uid(capture.kind, 1)
    dataset.InstanceNumber = capture.number
    # Derived from MR, made by software; PS3.3 C.8.6.1.
    dataset.Modality = "OT"
    dataset.ConversionType = "WSD"
    dataset.ImageType = ["DERIVED", "SECONDARY"]
    dataset.BurnedInAnnotation = "NO"
    dataset.PatientOrientation = ""
    # An unpaired body part: Laterality (2C) is absent, not empty.
    dataset.BodyPartExamined = "SPINE"
    dataset.ImageComments = "\r\n".join(_comments(provenance.run))
    _set_pixels(dataset, page)
    set_file_meta(dataset)
    stamp(dataset, capture.content, provenance.source, provenance.references, provenance.run)
    return dataset


def from_source(source: SourceSeries) -> Dataset:
    """Return a data set that holds patient and study of the source."""
    dataset, header = Dataset(), source.headers[0]
    for keyword in _COPIED:
        if keyword in header:
            dataset[keyword] = header[keyword]
    return dataset


def _comments(run: RunContext) -> tuple[str, ...]:
    notices = wording.notices(demonstration=run.demonstration)
    return notices if run.revision == 1 else (*notices, wording.revision_sentence(run.revision))


def _set_pixels(dataset: Dataset, page: NDArray[np.uint8]) -> None:
    dataset.SamplesPerPixel = 3
    dataset.PhotometricInterpretation = "RGB"
    dataset.PlanarConfiguration = 0
    dataset.Rows, dataset.Columns = page.shape[:2]
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 8, 8, 7
    dataset.PixelRepresentation = 0
    dataset.PixelData = page.tobytes()


def set_file_meta(dataset: Dataset) -> None:
    """Say what the file of a data set that was made from nothing holds, and how."""
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
