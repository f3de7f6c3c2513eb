"""Small objects that real archives take."""

from pathlib import Path

import numpy as np
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"
REPORT = "1.2.840.10008.5.1.4.1.1.88.34"
PICTURE = "1.2.840.10008.5.1.4.1.1.7"


def write_object(path: Path, sop_class: str, uid: str, study: str, **elements: str) -> Path:
    """Write one instance of a study of patient P1, born 1970-01-02; elements replace its own."""
    instance = FileDataset(None, {}, file_meta=FileMetaDataset(), preamble=b"\0" * 128)
    instance.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    instance.SpecificCharacterSet = "ISO_IR 192"
    instance.SOPClassUID = sop_class
    instance.SOPInstanceUID = uid
    instance.Modality = "OT"
    instance.PatientName = "Παπαδόπουλος^Άννα"
    instance.PatientID = "P1"
    instance.PatientBirthDate = "19700102"
    instance.AccessionNumber = "A77"
    instance.StudyInstanceUID = study
    instance.SeriesInstanceUID = f"{uid}.1"
    if sop_class != REPORT:
        instance.SamplesPerPixel = 1
        instance.PhotometricInterpretation = "MONOCHROME2"
        instance.Rows, instance.Columns = 32, 16
        instance.BitsAllocated, instance.BitsStored, instance.HighBit = 16, 12, 11
        instance.PixelRepresentation = 0
        instance.PixelData = np.full((32, 16), 7, np.uint16).tobytes()
    for keyword, value in elements.items():
        setattr(instance, keyword, value)
    instance.save_as(path, enforce_file_format=True)
    return path
