"""Earlier reports of ours about the same patient."""

from collections.abc import Iterable

from pydicom.uid import Comprehensive3DSRStorage

from spine.dicom.elements import text_of
from spine.dicom.identifiers import is_own_result
from spine.dicom.patient import day_of, patient_facts
from spine.dicom.read_age import age_in_report
from spine.dicom.read_grades import grades_in_report
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
    priors = tuple(map(_prior, same))
    if len(same) == len(reports):
        return priors, ()
    return priors, (Caution(Code.TWO_PATIENTS, "an earlier report may be about another patient"),)


def _prior(report: Instance) -> Prior:
    header = report.header
    return Prior(
        sop_instance_uid=report.sop_instance_uid,
        study_instance_uid=str(header.StudyInstanceUID),
        study_date=day_of(header, "StudyDate"),
        written_at=text_of(header, "ContentDate") + text_of(header, "ContentTime"),
        grades=grades_in_report(header),
        series_instance_uid=text_of(header, "SeriesInstanceUID"),
        age=age_in_report(header),
    )


def _is_about(report: Instance, patient: PatientFacts) -> bool:
    """Whether ID, issuer, birth date and sex are all known on both sides, and equal."""
    return patient.identity is not None and patient_facts([report.header]).identity == (
        patient.identity
    )
