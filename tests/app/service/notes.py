"""Rejection notes as an archive writes them, into the register as the listener would."""

from pathlib import Path

from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, KeyObjectSelectionDocumentStorage, MRImageStorage

from app.service.intake import Intake
from app.service.register import Register
from pacs.listener import ReceivedInstance
from pacs.part10 import FileMeta, seek_data_set
from pacs.recognition import DataSetFacts
from pacs.spool import Spool

PATIENT_SAFETY = "113037"


def note_dataset(
    study: str, *rejected: str, uid: str = "", title: str = PATIENT_SAFETY, **facts: str
) -> FileDataset:
    """Make a rejection note on instances of a study."""
    document = FileDataset(None, {}, file_meta=FileMetaDataset(), preamble=b"\0" * 128)
    document.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    document.SOPClassUID = KeyObjectSelectionDocumentStorage
    document.SOPInstanceUID = uid or f"{study}.900"
    document.StudyInstanceUID, document.SeriesInstanceUID = study, f"{study}.901"
    document.PatientID = "P1"
    for keyword, value in facts.items():
        setattr(document, keyword, value)
    document.ConceptNameCodeSequence = [_code(title)]
    references = [_reference(item) for item in rejected]
    series, evidence = Dataset(), Dataset()
    series.SeriesInstanceUID, series.ReferencedSOPSequence = f"{study}.902", references
    evidence.StudyInstanceUID, evidence.ReferencedSeriesSequence = study, [series]
    document.CurrentRequestedProcedureEvidenceSequence = [evidence]
    document.ContentSequence = [_item(item) for item in rejected]
    return document


def receive(register: Register, document: Dataset) -> None:
    """Take it in."""
    meta = FileMeta(
        KeyObjectSelectionDocumentStorage, document.SOPInstanceUID, ExplicitVRLittleEndian, "PACS",
        "SPINEMAP",
    )  # fmt: skip
    path = register.root.parent / "note.dcm"
    document.save_as(path, enforce_file_format=True)
    file = Spool(register.staging).open(meta)
    file.write(_data_set(path))
    facts = DataSetFacts(
        KeyObjectSelectionDocumentStorage, document.SOPInstanceUID, document.StudyInstanceUID
    )
    Intake(register, lambda _arrival: None).store(ReceivedInstance(file, facts))


def _data_set(path: Path) -> bytes:
    with path.open("rb") as file:
        seek_data_set(file)
        return file.read()


def _code(value: str) -> Dataset:
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, "DCM", "A title"
    return code


def _reference(uid: str) -> Dataset:
    reference = Dataset()
    reference.ReferencedSOPClassUID, reference.ReferencedSOPInstanceUID = MRImageStorage, uid
    return reference


def _item(uid: str) -> Dataset:
    item = Dataset()
    item.RelationshipType, item.ValueType = "CONTAINS", "IMAGE"
    item.ReferencedSOPSequence = [_reference(uid)]
    return item
