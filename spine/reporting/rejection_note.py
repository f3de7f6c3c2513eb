"""Our results taken back: a rejection note for an archive that does what such a note says.

IHE Radiology, Imaging Object Change Management: a Key Object Selection document (TID 2010)
that references every instance it rejects (docs/adr/0104-recall-and-rejection.md).
"""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from highdicom.ko import KeyObjectSelection, KeyObjectSelectionDocument
from highdicom.sr import DeviceObserverIdentifyingAttributes, ObserverContext
from pydicom import Dataset, dcmread
from pydicom.sr.codedict import codes as standard
from pydicom.valuerep import DA, TM

from spine.dicom.confidentiality import no_quoted_values
from spine.dicom.identifiers import (
    DEVICE_UID,
    MANUFACTURER,
    MANUFACTURER_MODEL_NAME,
    uid_from_name,
)
from spine.dicom.rejection import RejectionTitle
from spine.reporting import wording
from spine.reporting.encoding import encode
from spine.reporting.sources import clean_header
from spine.reporting.stamping import local_time

_READ = (
    "SpecificCharacterSet", "SOPClassUID", "SOPInstanceUID", "StudyInstanceUID",
    "SeriesInstanceUID", "PatientName", "PatientID", "IssuerOfPatientID", "PatientBirthDate",
    "PatientSex", "StudyDate", "StudyTime", "StudyID", "StudyDescription", "AccessionNumber",
    "ReferringPhysicianName", "TimezoneOffsetFromUTC", "Rows", "Columns",
)  # fmt: skip
# Behind every series that a run writes (docs/adr/0040).
_SERIES_NUMBER = 9090


def rejection_note(
    objects: Sequence[Path], title: RejectionTitle, moment: datetime, code_version: str
) -> bytes:
    """Reject objects of ours, all of one study; equal arguments give equal bytes.

    Parameters
    ----------
    objects : as they were sent, at least one
    moment : of the recall, with a time zone; the document's content date

    Raises
    ------
    OSError
        If an object is no longer there.
    """
    with no_quoted_values():
        headers = [clean_header(dcmread(path, specific_tags=[*_READ])) for path in objects]
        content = KeyObjectSelection(
            document_title=title.concept,
            referenced_objects=headers,
            observer_device_context=_observer(),
            description=wording.REJECTION_DESCRIPTION,
        )
        uids = sorted(str(header.SOPInstanceUID) for header in headers)
        key = "|".join(("rejection", title, moment.isoformat(), *uids))
        document: Dataset = KeyObjectSelectionDocument(
            evidence=headers,
            content=content,
            series_instance_uid=uid_from_name(f"{key}|series"),
            series_number=_SERIES_NUMBER,
            sop_instance_uid=uid_from_name(key),
            instance_number=1,
            manufacturer=MANUFACTURER,
        )
        _stamp(document, headers[0], moment, code_version)
        return encode(document)


def _observer() -> ObserverContext:
    device = DeviceObserverIdentifyingAttributes(
        uid=DEVICE_UID,
        name=MANUFACTURER_MODEL_NAME,
        manufacturer_name=MANUFACTURER,
        model_name=MANUFACTURER_MODEL_NAME,
    )
    return ObserverContext(
        observer_type=standard.DCM.Device, observer_identifying_attributes=device
    )


def _stamp(document: Dataset, source: Dataset, moment: datetime, code_version: str) -> None:
    """Set equipment and dates; what the library dated "now" is overwritten."""
    document.ManufacturerModelName = MANUFACTURER_MODEL_NAME
    document.SoftwareVersions = code_version
    document.DeviceUID = DEVICE_UID
    document.SeriesDescription = wording.REJECTION_SERIES
    for keyword in ("IssuerOfPatientID", "StudyDescription", "TimezoneOffsetFromUTC"):
        if keyword in source:
            document[keyword] = source[keyword]
    local = local_time(moment, str(source.get("TimezoneOffsetFromUTC") or ""))
    for event in ("Content", "Series", "InstanceCreation"):
        setattr(document, f"{event}Date", DA(local.date()))
        setattr(document, f"{event}Time", TM(f"{local:%H%M%S}"))
    document.pop("ContributingEquipmentSequence", None)
