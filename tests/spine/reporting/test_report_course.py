"""What earlier reports say, in the report: under names of its own, with the report it is from."""

import json
import subprocess
from dataclasses import replace
from datetime import date

import pytest
from pydicom import dcmread

from spine.dicom.read_age import age_in_report
from spine.dicom.read_grades import grades_in_report
from spine.reporting.course import course
from spine.reporting.groups import groups_from_findings
from spine.reporting.sources import source_series
from spine.reporting.wording_course import earlier_sentence
from tests.spine.reporting.earlier import earlier_reports, prior, stated
from tests.spine.reporting.test_structured_report import groups_of, items, numbers, text


@pytest.fixture(scope="module")
def report(written):
    return dcmread(written("with_course").objects["structured-report"])


@pytest.fixture
def earlier(report):
    """The groups about earlier studies."""
    return [
        group
        for group in groups_of(report)
        if any(
            item.ConceptCodeSequence[0].CodeValue == "EARLIER_STUDY"
            for item in items(group, "CODE")
        )
    ]


def test_each_earlier_study_has_a_group_with_its_numbers_and_its_report(earlier):
    found = [
        (numbers(group), items(group, "COMPOSITE")[0].ReferencedSOPSequence[0]) for group in earlier
    ]
    by_date = sorted(earlier_reports(), key=lambda item: item.study_date)

    assert [item["EARLIER_YEARS"] for item, _ in found] == [8.0, 4.0, pytest.approx(1.9986)]
    assert [item["EARLIER_AGE_GAP"] for item, _ in found] == [1.5, 3.1, 5.0]
    assert [reference.ReferencedSOPInstanceUID for _, reference in found] == [
        item.sop_instance_uid for item in by_date
    ]


def test_reports_of_other_studies_are_evidence_of_those_studies(report):
    listed = {
        study.StudyInstanceUID: study.ReferencedSeriesSequence[0]
        for study in report.PertinentOtherEvidenceSequence
    }

    assert len(listed) == 3
    for earlier in earlier_reports():
        series = listed[earlier.study_instance_uid]
        assert series.SeriesInstanceUID == earlier.series_instance_uid
        document = series.ReferencedSOPSequence[0]
        assert document.ReferencedSOPInstanceUID == earlier.sop_instance_uid


def test_no_number_is_that_of_today_under_another_time(report, earlier):
    names = {name for group in earlier for name in numbers(group)}

    assert names == {"EARLIER_YEARS", "EARLIER_AGE", "EARLIER_AGE_GAP", "EARLIER_SUBJECT"}
    # Read as a prior in its turn, the report states today's age, and no grade of the past.
    assert age_in_report(report).age_gap_years == pytest.approx(6.5)
    assert not {2} & {read.grade for read in grades_in_report(report) if read.level == "L4/L5"}


def test_each_grade_names_its_disc(earlier):
    grades = [
        (item.ConceptCodeSequence[0].CodeValue, item.ContentSequence[0].ConceptCodeSequence[0])
        for group in earlier
        for item in items(group, "CODE")
        if item.ConceptNameCodeSequence[0].CodeValue == "PFIRR_EARLIER"
    ]

    assert [(grade, site.CodeValue) for grade, site in grades] == [
        ("PFIRR_1", "84020006"),
        ("PFIRR_2", "84020006"),
    ]


def test_comment_says_that_it_is_of_an_earlier_study_and_whether_it_compares(earlier):
    oldest, *others = [text(group, "121106") for group in earlier]

    assert oldest.startswith("RESEARCH: EARLIER STUDY of 2017-03-14, 8.0 y before this one.")
    assert "gap +1.5 y" in oldest
    assert "by other models, not comparable: age-dcnn 0.0.9, spine-segmentation 0.1.0" in oldest
    assert "Grades read then: L4/L5 Pfirrmann 1." in oldest
    assert all("by the same models as today" in words for words in others)


def test_todays_age_says_what_the_change_is_worth(report):
    comments = [text(group, "121106") for group in groups_of(report)]

    (age,) = [words for words in comments if words.startswith("RESEARCH: spine age")]
    assert "2.0 y before: gap +5.0 y" in age
    assert "not more than the minimal detectable change of 5.1 y" in age


def test_validator_accepts_it(written):
    path = str(written("with_course").objects["structured-report"])
    done = subprocess.run(["dciodvfy", "-new", path], capture_output=True, text=True, check=False)

    assert "Error" not in done.stderr


def test_results_hold_distances_and_no_dates(written):
    text = (written("with_course").folder / "results.json").read_text()
    studies = json.loads(text)["course"]["studies"]

    assert [study["days_before"] for study in studies] == [2922, 1461, 730]
    assert [study["age"]["same_models"] for study in studies] == [False, True, True]
    assert studies[1]["grades"] == [{"level": "L4/L5", "scale": "pfirrmann", "grade": 2}]
    assert json.loads(text)["course"]["detectable_change"] == {"value": 5.1, "unit": "years"}
    assert not any(str(item.study_date) in text for item in earlier_reports())


def test_sentence_of_a_study_without_age_is_about_grades_alone(with_course):
    study = replace(course(with_course).studies[1], age=None)
    assert earlier_sentence(study) == (
        "EARLIER STUDY of 2021-03-14, 4.0 y before this one. Grades read then: L4/L5 Pfirrmann 2."
    )


def test_latest_studies_stand_on_the_middle_frame_and_none_lies_on_another(findings):
    priors = tuple(prior(number, date(2000 + number, 1, 1), stated(1.0)) for number in range(1, 20))
    study = replace(findings.selection.study, priors=priors)
    changed = replace(findings, selection=replace(findings.selection, study=study))
    source = source_series(changed.selection)
    anchors = [group.anchor for group in groups_from_findings(changed, source) if group.earlier]

    places = {(item.sop_instance_uid, item.column, round(item.row, 3)) for item in anchors}
    assert len(places) == len(anchors) == 19
    middle = source.margin_anchor(0).sop_instance_uid
    assert [item.sop_instance_uid == middle for item in anchors] == [False] * 14 + [True] * 5
