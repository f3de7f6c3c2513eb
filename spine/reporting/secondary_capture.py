"""Secondary Capture: the summary page as a picture that every PACS shows."""

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage

from spine.findings import ModelReference
from spine.reporting import wording
from spine.reporting.context import RunContext
from spine.reporting.identity import Identity, ObjectKind
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


def secondary_capture(
    page: NDArray[np.uint8],
    source: SourceSeries,
    references: tuple[ModelReference, ...],
    identity: Identity,
    run: RunContext,
) -> Dataset:
    """Make the object of a page, uint8 (rows, columns, 3); its series number is left to set."""
    dataset = Dataset()
    header = source.headers[0]
    for keyword in _COPIED:
        if keyword in header:
            dataset[keyword] = header[keyword]
    dataset.SOPClassUID = SecondaryCaptureImageStorage
    dataset.SOPInstanceUID = identity.instance_uid(ObjectKind.SECONDARY_CAPTURE, "rgb", 1)
    dataset.SeriesInstanceUID = identity.series_uid(ObjectKind.SECONDARY_CAPTURE, 1)
    dataset.InstanceNumber = 1
    # Derived from MR, made by software; PS3.3 C.8.6.1.
    dataset.Modality = "OT"
    dataset.ConversionType = "WSD"
    dataset.ImageType = ["DERIVED", "SECONDARY"]
    dataset.BurnedInAnnotation = "NO"
    dataset.PatientOrientation = ""
    # An unpaired body part: Laterality (2C) is absent, not empty.
    dataset.BodyPartExamined = "SPINE"
    dataset.ImageComments = "\r\n".join(_comments(run))
    _set_pixels(dataset, page)
    _set_file_meta(dataset)
    stamp(dataset, "summary page", source, references, run)
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


def _set_file_meta(dataset: Dataset) -> None:
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
