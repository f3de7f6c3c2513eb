from datetime import date

import pytest
from pydicom import Dataset

from spine.dicom.patient import patient_facts
from spine.errors import Code


def header(birth="19800101", study="20250101", age=None):
    dataset = Dataset()
    dataset.PatientBirthDate = birth
    dataset.StudyDate = study
    if age is not None:
        dataset.PatientAge = age
    return dataset


@pytest.mark.parametrize(
    ("birth", "age", "expected"),
    [
        ("19800101", None, 45.0),
        ("19800101", "045Y", 45.0),
        ("19800101", "044Y", 45.0),
        ("19800101", "046Y", 45.0),
        ("19800601", "044Y", 44.6),
        ("1980.01.01", None, 45.0),
        ("", "045Y", 45.0),
        ("", "018M", 1.5),
        ("", "026W", 0.5),
        ("nonsense", "061Y", 61.0),
    ],
)
def test_age_is_known(birth, age, expected):
    facts = patient_facts([header(birth, age=age)])
    assert facts.age_years == pytest.approx(expected, abs=0.03)
    assert facts.age_refusal is None


@pytest.mark.parametrize(
    ("birth", "study", "age", "code"),
    [
        ("", "20250101", None, Code.AGE_UNKNOWN),
        ("", "20250101", "45", Code.AGE_UNKNOWN),
        ("19800101", "", None, Code.AGE_UNKNOWN),
        ("19800101", "20250101", "043Y", Code.AGE_INCONSISTENT),
        ("19800101", "20250101", "047Y", Code.AGE_INCONSISTENT),
        ("19800101", "20250101", "018M", Code.AGE_INCONSISTENT),
        ("20260101", "20250101", None, Code.AGE_INCONSISTENT),
        ("18500101", "20250101", None, Code.AGE_INCONSISTENT),
    ],
)
def test_age_is_refused(birth, study, age, code):
    facts = patient_facts([header(birth, study, age)])
    assert facts.age_years is None
    assert facts.age_refusal is not None
    assert facts.age_refusal.code is code
    assert facts.age_refusal.subject == "age"


def test_contradicting_birth_dates_refuse_the_age():
    facts = patient_facts([header("19800101"), header("19810101")])
    assert facts.age_refusal is not None
    assert facts.age_refusal.code is Code.AGE_INCONSISTENT
    assert facts.birth_date is None


def test_contradicting_ages_refuse_the_age():
    facts = patient_facts([header("", age="045Y"), header("", age="047Y")])
    assert facts.age_refusal is not None
    assert facts.age_refusal.code is Code.AGE_INCONSISTENT


def test_study_date_falls_back_to_the_acquisition():
    dataset = header(study="")
    dataset.AcquisitionDate = "20250102"
    assert patient_facts([dataset]).study_date == date(2025, 1, 2)
