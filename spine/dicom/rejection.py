"""Rejection notes of IHE's Imaging Object Change Management: what is no longer to be used, and why.

A rejection note is a Key Object Selection document whose title gives the reason (IHE RAD TF-3,
4.66.4.1.2; PS3.16 CID 7010, TID 2010).
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pydicom import Dataset, dcmread
from pydicom.sr.codedict import codes as standard
from pydicom.sr.coding import Code as ConceptCode

from spine.dicom.confidentiality import no_values_in_logs
from spine.dicom.elements import READ_ERRORS, items_of, text_of
from spine.dicom.identifiers import is_received_uid
from spine.dicom.report_items import code_of
from spine.errors import Code, InputError


class RejectionTitle(StrEnum):
    """Why instances were rejected, by the code value of the document's title.

    Who shows images must hide what is rejected for any reason but quality; what is rejected for
    quality it hides, shows, or shows as if nothing had come, as its site likes (IHE Radiology,
    Imaging Object Change Management; for archives RAD TF-3, 4.66.4.1.3).
    """

    QUALITY = "113001"
    PATIENT_SAFETY = "113037"
    INCORRECT_WORKLIST_ENTRY = "113038"
    RETENTION_EXPIRED = "113039"

    @property
    def concept(self) -> ConceptCode:
        """The whole code."""
        return TITLES[self]


TITLES: dict[RejectionTitle, ConceptCode] = {
    RejectionTitle.QUALITY: standard.DCM.RejectedForQualityReasons,
    RejectionTitle.PATIENT_SAFETY: standard.DCM.RejectedForPatientSafetyReasons,
    RejectionTitle.INCORRECT_WORKLIST_ENTRY: standard.DCM.IncorrectModalityWorklistEntry,
    RejectionTitle.RETENTION_EXPIRED: standard.DCM.DataRetentionPolicyExpired,
}


@dataclass(frozen=True, slots=True)
class RejectionNote:
    """A rejection note as received.

    Attributes
    ----------
    instances : Study and SOP Instance UID of each instance that it rejects, sorted
    """

    title: RejectionTitle
    instances: tuple[tuple[str, str], ...]


def read_rejection_note(path: Path) -> RejectionNote | None:
    """Read a Key Object Selection document; None where it selects images for another purpose.

    Raises
    ------
    InputError
        ``REJECTION_NOTE_INVALID`` if it cannot be read, rejects nothing, or rejects what its
        evidence does not file under a study: nobody can tell what is meant then.
    """
    try:
        with no_values_in_logs():
            document = dcmread(path, stop_before_pixels=True)
            title = _title(document)
            return None if title is None else RejectionNote(title, _instances(document))
    except READ_ERRORS:
        raise InputError(Code.REJECTION_NOTE_INVALID, "a rejection note cannot be read") from None


def _title(document: Dataset) -> RejectionTitle | None:
    found = code_of(document, "ConceptNameCodeSequence")
    if found is None:
        raise _invalid("a key object selection has no title")
    value, scheme = found
    is_rejection = scheme == "DCM" and value in set(RejectionTitle)
    return RejectionTitle(value) if is_rejection else None


def _instances(document: Dataset) -> tuple[tuple[str, str], ...]:
    filed = _filed(document)
    selected = {
        text_of(reference, "ReferencedSOPInstanceUID")
        for item in items_of(document, "ContentSequence")
        for reference in items_of(item, "ReferencedSOPSequence")
    }
    if not selected or not selected <= filed.keys():
        raise _invalid("a rejection note does not say what it rejects")
    return tuple(sorted((filed[uid], uid) for uid in selected))


def _filed(document: Dataset) -> dict[str, str]:
    """Return the study of each instance that the document lists as evidence.

    As tolerant as whoever filed the instances: what was taken can be rejected.
    """
    found = {}
    for study in items_of(document, "CurrentRequestedProcedureEvidenceSequence"):
        study_uid = text_of(study, "StudyInstanceUID")
        for series in items_of(study, "ReferencedSeriesSequence"):
            for instance in items_of(series, "ReferencedSOPSequence"):
                uid = text_of(instance, "ReferencedSOPInstanceUID")
                if is_received_uid(study_uid) and is_received_uid(uid):
                    found[uid] = study_uid
    return found


def _invalid(reason: str) -> InputError:
    return InputError(Code.REJECTION_NOTE_INVALID, reason)
