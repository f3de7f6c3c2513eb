"""Instances as a listener hands them on: on disk, not yet kept."""

from dataclasses import replace

from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage

from pacs.listener import ReceivedInstance
from pacs.part10 import FileMeta
from pacs.recognition import DataSetFacts
from pacs.spool import Spool


def instance(  # noqa: PLR0913 - what a test does not name has its default
    uid: str = "1.2.3.4",
    *,
    spool: Spool,
    study: str | None = "1.2.3",
    sop_class: str = MRImageStorage,
    is_consistent: bool = True,
    patient: str = "P1",
    series: str = "",
    route: tuple[str, str] = ("SENDER", "SPINEMAP"),
    facts: DataSetFacts | None = None,
) -> ReceivedInstance:
    """Return an instance that lies in `spool`."""
    file = spool.open(FileMeta(sop_class, uid, ExplicitVRLittleEndian, *route))
    file.write(_data_set(uid, study or "", sop_class, patient, series))
    return ReceivedInstance(
        file,
        replace(
            facts or DataSetFacts(),
            study_instance_uid=study or "",
            sop_class_uid=sop_class,
            sop_instance_uid=uid if is_consistent else f"{uid}.9",
        ),
    )


def _data_set(uid: str, study: str, sop_class: str, patient: str, series: str) -> bytes:
    data_set = Dataset()
    data_set.SOPClassUID = sop_class
    data_set.SOPInstanceUID = uid
    data_set.PatientID = patient
    data_set.StudyInstanceUID = study
    if series:
        data_set.SeriesInstanceUID = series
    buffer = DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = True, False
    write_dataset(buffer, data_set)
    return buffer.getvalue()
