"""A name for a patient under which their earlier reports are found, without naming anybody."""

import hashlib
from pathlib import Path

from pydicom import dcmread

from spine.dicom.confidentiality import no_values_in_logs
from spine.dicom.elements import READ_ERRORS
from spine.dicom.patient import patient_facts

_FACTS = (
    "SpecificCharacterSet",
    "PatientID",
    "IssuerOfPatientID",
    "PatientBirthDate",
    "PatientSex",
)


def patient_key(path: Path) -> str | None:
    """Return a hash over ID, issuer, birth date and sex of an instance's patient.

    None where one of the four is not given, or the file cannot be read.
    """
    try:
        with no_values_in_logs():
            header = dcmread(path, specific_tags=list(_FACTS), stop_before_pixels=True)
            identity = patient_facts([header]).identity
    except READ_ERRORS:
        return None
    if identity is None:
        return None
    return hashlib.sha256("\0".join(map(str, identity)).encode()).hexdigest()
