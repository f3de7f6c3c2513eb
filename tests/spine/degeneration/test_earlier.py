from datetime import date

import pytest

from spine.anatomy.grades import BaselineKind, Scale
from spine.anatomy.levels import DiscLevel
from spine.degeneration.earlier import baselines_from_priors
from spine.dicom.study import PatientFacts, Prior, ReadGrade, Study

KEY = DiscLevel.L4_L5, Scale.PFIRRMANN


def prior(grade, study_date, written_at="20200101120000", uid="1.2.3"):
    return Prior(uid, "1.2", study_date, written_at, (ReadGrade(*KEY, grade),))


def found(*priors, today=date(2020, 1, 1)):
    patient = PatientFacts("42", "CLINIC", date(1960, 2, 1), "F", today, 59.9, None)
    return baselines_from_priors(Study("1.2.3", patient, (), priors), 183)


def test_source_names_the_study_that_was_read():
    baselines, are_some_too_old = found(prior(3, date(2019, 11, 5)))

    assert baselines[KEY].grade == 3
    assert baselines[KEY].kind is BaselineKind.PRIOR
    assert baselines[KEY].source == "earlier report, study of 2019-11-05"
    assert not are_some_too_old


def test_nearest_study_counts_whatever_the_order():
    far, near = prior(2, date(2019, 8, 1)), prior(3, date(2019, 12, 1))

    assert found(far, near)[0][KEY].grade == found(near, far)[0][KEY].grade == 3


def test_of_two_reports_on_one_day_the_later_written_counts():
    first = prior(2, date(2019, 12, 1), "20191201080000", "1.2.3.9")
    second = prior(3, date(2019, 12, 1), "20191203080000", "1.2.3.1")

    assert found(first, second)[0][KEY].grade == found(second, first)[0][KEY].grade == 3


@pytest.mark.parametrize(
    ("study_date", "counts"),
    [
        (date(2019, 7, 2), True),  # 183 days
        (date(2019, 7, 1), False),
        (date(2020, 7, 2), True),
        (date(2020, 7, 3), False),
        (None, False),
    ],
)
def test_grade_of_another_time_is_left_out_and_said_so(study_date, counts):
    baselines, are_some_too_old = found(prior(3, study_date))

    assert (KEY in baselines) == counts
    assert are_some_too_old != counts


def test_study_without_a_date_has_no_grades_of_its_time():
    assert found(prior(3, date(2020, 1, 1)), today=None) == ({}, True)
