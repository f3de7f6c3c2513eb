from dataclasses import replace
from pathlib import Path

import pytest
from pydicom import Dataset
from pydicom.uid import Comprehensive3DSRStorage

from spine.dicom.identifiers import MANUFACTURER_MODEL_NAME
from spine.dicom.priors import find_priors
from spine.dicom.study import Instance, PatientFacts
from spine.errors import Code

PATIENT = PatientFacts("42", "CLINIC", None, "F", None, None, None)


def report(patient_id="42", issuer="CLINIC"):
    header = Dataset()
    header.SOPClassUID = Comprehensive3DSRStorage
    header.SOPInstanceUID, header.StudyInstanceUID = "1.2.3", "1.2"
    header.ManufacturerModelName = MANUFACTURER_MODEL_NAME
    header.PatientID, header.IssuerOfPatientID = patient_id, issuer
    return Instance(Path("report"), header, "0" * 64)


@pytest.mark.parametrize("issuer", ["CLINIC", ""])
def test_a_report_about_the_patient_is_a_prior(issuer):
    priors, cautions = find_priors([report(issuer=issuer)], PATIENT)

    assert [prior.sop_instance_uid for prior in priors] == ["1.2.3"]
    assert cautions == ()


@pytest.mark.parametrize(
    ("instance", "patient"),
    [
        (report(patient_id="43"), PATIENT),
        (report(issuer="ELSEWHERE"), PATIENT),
        (report(patient_id=""), replace(PATIENT, patient_id="")),
    ],
    ids=["another patient", "another issuer", "nobody's"],
)
def test_a_report_that_may_be_about_somebody_else_is_none(instance, patient):
    priors, (caution,) = find_priors([instance], patient)

    assert priors == ()
    assert caution.code is Code.TWO_PATIENTS
    assert "42" not in caution.reason
