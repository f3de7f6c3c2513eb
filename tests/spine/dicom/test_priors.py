from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from pydicom import Dataset
from pydicom.uid import Comprehensive3DSRStorage

from spine.dicom.identifiers import MANUFACTURER_MODEL_NAME
from spine.dicom.priors import find_priors
from spine.dicom.study import Instance, PatientFacts, Prior
from spine.errors import Code

PATIENT = PatientFacts("42", "CLINIC", date(1960, 2, 1), "F", date(2020, 1, 1), 59.9, None)


def report(**changes):
    header = Dataset()
    header.SOPClassUID = Comprehensive3DSRStorage
    header.SOPInstanceUID, header.StudyInstanceUID = "1.2.3", "1.2"
    header.ManufacturerModelName = MANUFACTURER_MODEL_NAME
    header.PatientID, header.IssuerOfPatientID = "42", "CLINIC"
    header.PatientBirthDate, header.PatientSex = "19600201", "F"
    header.StudyDate, header.ContentDate, header.ContentTime = "20190504", "20190505", "101112"
    for keyword, value in changes.items():
        setattr(header, keyword, value)
    return Instance(Path("report"), header, "0" * 64)


def test_a_report_about_the_patient_is_a_prior_with_its_times():
    priors, cautions = find_priors([report()], PATIENT)

    assert priors == (Prior("1.2.3", "1.2", date(2019, 5, 4), "20190505101112", ()),)
    assert cautions == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"PatientID": "43"},
        {"IssuerOfPatientID": "ELSEWHERE"},
        {"IssuerOfPatientID": ""},
        {"PatientBirthDate": "19600202"},
        {"PatientBirthDate": ""},
        {"PatientSex": "M"},
        {"PatientSex": ""},
    ],
    ids=lambda changes: " ".join(f"{key}={value}" for key, value in changes.items()),
)
def test_a_report_that_differs_in_one_fact_is_none(changes):
    priors, (caution,) = find_priors([report(**changes)], PATIENT)

    assert priors == ()
    assert caution.code is Code.TWO_PATIENTS
    assert "42" not in caution.reason


@pytest.mark.parametrize(
    ("fact", "keyword", "unknown"),
    [
        ("patient_id", "PatientID", ""),
        ("issuer", "IssuerOfPatientID", ""),
        ("birth_date", "PatientBirthDate", None),
        ("sex", "PatientSex", ""),
    ],
)
def test_a_fact_that_both_leave_open_is_no_agreement(fact, keyword, unknown):
    patient = replace(PATIENT, **{fact: unknown})

    priors, _ = find_priors([report(**{keyword: unknown or ""})], patient)

    assert priors == ()
