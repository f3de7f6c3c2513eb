"""Earlier reports of ours about the same patient."""

from collections.abc import Iterable

from pydicom.uid import Comprehensive3DSRStorage

from spine.dicom.elements import text_of
from spine.dicom.identifiers import is_own_result
from spine.dicom.study import Instance, PatientFacts, Prior
from spine.errors import Caution, Code


def find_priors(
    instances: Iterable[Instance], patient: PatientFacts
) -> tuple[tuple[Prior, ...], tuple[Caution, ...]]:
    """Recognize our reports among instances; those of another patient are set aside."""
    reports = [
        instance
        for instance in instances
        if instance.header.SOPClassUID == Comprehensive3DSRStorage
        and is_own_result(instance.header)
    ]
    same = [report for report in reports if _is_about(report, patient)]
    priors = tuple(
        Prior(report.sop_instance_uid, str(report.header.StudyInstanceUID)) for report in same
    )
    if len(same) == len(reports):
        return priors, ()
    return priors, (Caution(Code.TWO_PATIENTS, "an earlier report may be about another patient"),)


def _is_about(report: Instance, patient: PatientFacts) -> bool:
    """Whether ID and, where both name one, issuer agree; without an ID nobody can tell."""
    issuers = {text_of(report.header, "IssuerOfPatientID"), patient.issuer} - {""}
    is_same = text_of(report.header, "PatientID") == patient.patient_id
    return bool(patient.patient_id) and is_same and len(issuers) < 2
