"""Encapsulated PDF of the pages: for archives that show documents and nothing else."""

from collections.abc import Sequence

from pydicom import Dataset
from pydicom.uid import EncapsulatedPDFStorage
from pydicom.valuerep import DT

from spine.dicom.codes import DIAGNOSTIC_IMAGING_REPORT
from spine.reporting import wording
from spine.reporting.drawing import Page
from spine.reporting.identity import ObjectKind
from spine.reporting.pdf import pdf_from_pages
from spine.reporting.provenance import Provenance
from spine.reporting.secondary_capture import from_source, set_file_meta
from spine.reporting.sources import SourceSeries
from spine.reporting.stamping import code_item, stamp


def document(pages: Sequence[Page], provenance: Provenance) -> Dataset:
    """Make the object of the pages; its series number is left to set."""
    source, identity, run = provenance.source, provenance.identity, provenance.run
    dataset = from_source(source)
    dataset.SOPClassUID = EncapsulatedPDFStorage
    dataset.SOPInstanceUID = identity.instance_uid(ObjectKind.DOCUMENT, "pdf", 1)
    dataset.SeriesInstanceUID = identity.series_uid(ObjectKind.DOCUMENT, 1)
    dataset.InstanceNumber = 1
    dataset.Modality = "DOC"
    # Made by software, no scan; nothing on the pages names the patient (PS3.3 C.24.2).
    dataset.ConversionType = "WSD"
    dataset.BurnedInAnnotation = "NO"
    dataset.AcquisitionDateTime = _acquired(source)
    title = wording.document_title(run.revision, demonstration=run.demonstration)
    dataset.DocumentTitle = title
    dataset.ConceptNameCodeSequence = [code_item(DIAGNOSTIC_IMAGING_REPORT)]
    dataset.SourceInstanceSequence = [_reference(header) for header in source.headers]
    content = pdf_from_pages(pages, title, run.analysis_time)
    dataset.MIMETypeOfEncapsulatedDocument = "application/pdf"
    dataset.EncapsulatedDocumentLength = len(content)
    # An element has an even length (PS3.5 7.1.1).
    dataset.EncapsulatedDocument = content + b"\0" * (len(content) % 2)
    set_file_meta(dataset)
    stamp(dataset, "summary document", source, provenance.references, run)
    return dataset


def _acquired(source: SourceSeries) -> DT | None:
    """Return when the images were acquired, if the source says it as one value (type 2)."""
    try:
        return DT(source.headers[0].get("AcquisitionDateTime"))
    except (TypeError, ValueError):
        return None


def _reference(header: Dataset) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = header.SOPClassUID
    item.ReferencedSOPInstanceUID = header.SOPInstanceUID
    return item
