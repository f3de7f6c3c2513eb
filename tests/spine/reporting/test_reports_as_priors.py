"""A report that this software wrote is read as a prior: grades of persons, never of models."""

import copy
import shutil
from dataclasses import replace
from datetime import date

import pytest
from pydicom import dcmread

from spine.anatomy.grades import BaselineKind, Scale
from spine.anatomy.levels import DiscLevel
from spine.degeneration.known import known_baselines
from spine.dicom.loading import LoadingSettings, load
from spine.dicom.priors import find_priors
from spine.dicom.read_age import age_in_report
from spine.dicom.read_grades import grades_in_report
from spine.dicom.reading import read_instance
from spine.dicom.study import ReadGrade
from spine.findings import Baseline

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def report(written):
    return dcmread(written("with_gradings").objects["structured-report"])


def test_only_what_was_read_from_the_table_is_believed(report):
    # The same disc has a grade from a still earlier report and one from a model.
    assert grades_in_report(report) == (
        ReadGrade(DiscLevel.L3_L4, Scale.PFIRRMANN, 3),
        ReadGrade(DiscLevel.L4_L5, Scale.PFIRRMANN, 3),
    )


def test_no_prediction_is_taken_for_a_grade(written):
    # Forecasts on every scale, grades now on some.
    grades = grades_in_report(dcmread(written("findings").objects["structured-report"]))

    said = {(read.level, read.scale): read.grade for read in grades}
    assert said[DiscLevel.L1_L2, Scale.SCHNEIDERMAN] == 0  # predicted: 1
    assert said[DiscLevel.L4_L5, Scale.PFIRRMANN] == 3  # predicted: 4
    assert (DiscLevel.L2_L3, Scale.PFIRRMANN) not in said  # predicted: 3, now unknown
    assert len(said) == 3 + 2 + 2 + 1


def test_report_is_a_prior_of_the_patient_it_is_about(written, findings):
    path = written("with_gradings").objects["structured-report"]
    patient = findings.selection.study.patient

    (prior,), cautions = find_priors([read_instance(path)], patient)
    nobody, (caution,) = find_priors([read_instance(path)], replace(patient, sex="M"))

    assert (prior.study_date, prior.written_at) == (date(2025, 3, 14), "20250315103012")
    assert len(prior.grades) == 2
    assert cautions == ()
    assert nobody == ()
    assert "PHANTOM" not in caution.reason


def test_study_with_a_report_in_its_folder_takes_over_what_was_read_there(world, written, tmp_path):
    shutil.copytree(world.folder, tmp_path / "in")
    (tmp_path / "in" / "priors").mkdir()
    shutil.copy(written("with_gradings").objects["structured-report"], tmp_path / "in" / "priors")

    study = load(tmp_path / "in", LoadingSettings())
    known = known_baselines(study, None, 183)

    # The report is no series of the study.
    assert len(study.series) == 1
    source = "earlier report, study of 2025-03-14"
    grade = Baseline(3, source, BaselineKind.PRIOR)
    assert known.baselines == {
        (DiscLevel.L3_L4, Scale.PFIRRMANN): grade,
        (DiscLevel.L4_L5, Scale.PFIRRMANN): grade,
    }


def test_age_of_a_report_is_read_as_it_was_written(written):
    age = age_in_report(dcmread(written("with_interval").objects["structured-report"]))

    assert age.predicted_age_years == pytest.approx(61.3)
    assert age.chronological_age_years == pytest.approx(54.8)
    assert age.age_gap_years == pytest.approx(6.5)
    assert age.half_width_years == pytest.approx(8.4)
    assert age.models == ("age-dcnn 0.1.0", "spine-segmentation 0.1.0")
    assert age.evidence == "synthetic"


def test_age_without_an_interval_has_no_width(written):
    age = age_in_report(dcmread(written("findings").objects["structured-report"]))

    assert age.half_width_years is None


@pytest.mark.parametrize("case", ["all_refused", "out_of_scope"])
def test_refused_age_is_none(written, case):
    assert age_in_report(dcmread(written(case).objects["structured-report"])) is None


def test_a_second_study_of_the_patient_finds_the_age_of_the_first(world, written, tmp_path):
    shutil.copytree(world.folder, tmp_path / "in")
    (tmp_path / "in" / "priors").mkdir()
    report = written("with_interval").objects["structured-report"]
    shutil.copy(report, tmp_path / "in" / "priors")

    (prior,) = load(tmp_path / "in", LoadingSettings()).priors

    header = dcmread(report)
    assert prior.age == age_in_report(header)
    assert prior.series_instance_uid == header.SeriesInstanceUID


@pytest.mark.parametrize("name", ["SPINE_AGE", "SPINE_AGE_GAP", "121033", "111001", "EVIDENCE"])
def test_age_that_lacks_a_number_a_model_or_its_evidence_is_none(report, name):
    changed = copy.deepcopy(report)
    for item in changed.iterall():
        if item.keyword == "ConceptNameCodeSequence" and item.value[0].CodeValue == name:
            item.value[0].CodeValue = "SOMETHING_ELSE"

    assert age_in_report(report) is not None
    assert age_in_report(changed) is None


@pytest.mark.parametrize("value", ["12.5", "nan", "sixty", ""])
def test_numbers_that_contradict_each_other_are_no_age(report, value):
    changed = copy.deepcopy(report)
    for item in changed.iterall():
        if item.keyword == "NumericValue" and float(item.value or 0) == 61.3:
            item._value = value

    assert age_in_report(changed) is None


def test_years_in_another_unit_are_no_age(report):
    changed = copy.deepcopy(report)
    for item in changed.iterall():
        if item.keyword == "MeasurementUnitsCodeSequence" and item.value[0].CodeValue == "a":
            item.value[0].CodeValue = "mo"

    assert age_in_report(changed) is None


def test_grade_without_a_stated_source_is_not_believed(report):
    changed = copy.deepcopy(report)
    for item in changed.iterall():
        if item.keyword == "CodeValue" and item.value == "PFIRR_0_SOURCE":
            item.value = "SOMETHING_ELSE"

    assert grades_in_report(changed) == ()


def test_report_that_makes_no_sense_holds_no_grades(report):
    changed = copy.deepcopy(report)
    for item in changed.iterall():
        if item.keyword == "ConceptCodeSequence":
            item.value = []
    empty = copy.deepcopy(report)
    del empty.ContentSequence

    assert grades_in_report(changed) == grades_in_report(empty) == ()
