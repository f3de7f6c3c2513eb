"""Earlier studies beside today's: in order, and only what compares."""

from dataclasses import replace
from datetime import date

import pytest

from spine.anatomy.grades import Scale
from spine.anatomy.levels import DiscLevel
from spine.dicom.study import Prior
from spine.errors import Code, Refusal
from spine.findings import Evidence, Findings
from spine.reporting.course import course
from spine.reporting.doubts import cautions
from spine.reporting.results_course import course_content
from spine.reporting.wording_course import change_sentence
from tests.spine.reporting.earlier import (
    L4_L5_WAS_1,
    L4_L5_WAS_2,
    OTHER,
    SAME,
    TODAY,
    prior,
    stated,
)


def with_priors(findings: Findings, *priors: Prior) -> Findings:
    study = replace(findings.selection.study, priors=priors)
    return replace(findings, selection=replace(findings.selection, study=study))


def test_studies_are_in_the_order_of_their_dates(with_course):
    found = course(with_course)

    assert [study.days_before for study in found.studies] == [2922, 1461, 730]
    assert [study.age.age_gap_years for study in found.aged] == [1.5, 3.1, 5.0]
    assert found.cautions == ()


def test_only_an_age_by_the_same_models_and_versions_compares(findings):
    other_segmentation = (SAME[0], "spine-segmentation 0.0.9")
    found = course(
        with_priors(
            findings,
            prior(1, date(2021, 1, 1), stated(1.0, OTHER)),
            prior(2, date(2022, 1, 1), stated(2.0, other_segmentation)),
            prior(3, date(2023, 1, 1), stated(3.0)),
        )
    )

    assert [study.is_same_model for study in found.studies] == [False, False, True]
    assert [study.prior.study_instance_uid[-1] for study in found.comparable] == ["3"]


@pytest.mark.parametrize("day", [TODAY, date(2025, 3, 15), None])
def test_a_study_that_is_not_earlier_is_no_part_of_the_course_and_that_is_said(findings, day):
    changed = with_priors(findings, prior(1, day, stated(1.0), L4_L5_WAS_2))

    assert course(changed).studies == ()
    (caution,) = [item for item in cautions(changed) if item.code is Code.PRIOR_LEFT_OUT]
    assert caution.reason.startswith("1 report of a study that is not known to be earlier")


def test_a_report_on_this_very_study_is_its_predecessor(findings):
    own = replace(
        prior(1, date(2021, 1, 1), stated(1.0)),
        study_instance_uid=findings.selection.study.study_instance_uid,
    )

    assert course(with_priors(findings, own)) == course(findings)


def test_of_several_reports_on_a_study_the_latest_written_counts(findings):
    first = prior(1, date(2021, 1, 1), stated(1.0))
    revised = replace(first, sop_instance_uid="1.2.3", written_at="20220101000000", age=stated(2.0))

    for order in ((first, revised), (revised, first)):
        (study,) = course(with_priors(findings, *order)).studies
        assert study.age.age_gap_years == 2.0


def test_an_age_of_weaker_evidence_is_left_out_and_that_is_said(findings):
    today = replace(findings.age, evidence=Evidence.RETROSPECTIVE)
    changed = replace(
        with_priors(
            findings,
            prior(1, date(2021, 1, 1), stated(1.0)),
            prior(2, date(2022, 1, 1), stated(2.0, evidence="retrospective")),
            prior(3, date(2023, 1, 1), stated(3.0, evidence="guessed")),
        ),
        age=today,
    )
    found = course(changed)

    assert [study.age.age_gap_years for study in found.studies] == [2.0]
    assert [caution.reason[:9] for caution in found.cautions] == ["2 reports"]


@pytest.mark.parametrize(("years_off", "is_shown"), [(0.9, True), (-0.9, True), (1.1, False)])
def test_an_age_of_somebody_who_was_not_as_old_is_left_out_and_that_is_said(
    findings, years_off, is_shown
):
    right = prior(1, date(2021, 1, 1), stated(1.0), L4_L5_WAS_2)
    years = right.age.chronological_age_years + years_off
    wrong = replace(right, age=replace(right.age, chronological_age_years=years))
    found = course(with_priors(findings, wrong))

    assert [study.age is not None for study in found.studies] == [is_shown]
    reasons = [caution.reason for caution in found.cautions]
    said = [
        "1 report whose patient was of another age at the time: left out of the course over time"
    ]
    assert reasons == ([] if is_shown else said)


def test_what_is_left_out_stands_in_the_results(findings):
    changed = with_priors(findings, prior(1, TODAY, stated(1.0)))
    (caution,) = course_content(changed)["cautions"]

    assert caution["code"] == "PRIOR_LEFT_OUT"


def test_without_an_age_today_grades_alone_are_shown(findings):
    refused = replace(findings, age=Refusal(Code.COVERAGE_TOO_SMALL, "Not whole.", "age"))
    changed = with_priors(
        refused,
        prior(1, date(2021, 1, 1), stated(1.0)),
        prior(2, date(2022, 1, 1), stated(2.0), L4_L5_WAS_2),
    )
    found = course(changed)

    assert [(study.age, len(study.prior.grades)) for study in found.studies] == [(None, 1)]
    assert found.cautions == ()


def test_the_grade_that_was_read_latest_is_the_one_before(findings):
    found = course(
        with_priors(
            findings,
            prior(2, date(2023, 1, 1), None, L4_L5_WAS_2),
            prior(1, date(2021, 1, 1), None, L4_L5_WAS_1),
        )
    )

    grade, study = found.last_read(DiscLevel.L4_L5, Scale.PFIRRMANN)
    assert (grade, study.days_before) == (2, (TODAY - date(2023, 1, 1)).days)
    assert found.last_read(DiscLevel.L4_L5, Scale.BULGING) is None


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        (None, "2.0 y before: gap +5.0 y, by the same models."),
        (5.1, "Change +1.5 y, not more than the minimal detectable change of 5.1 y."),
        (1.0, "Change +1.5 y, more than the minimal detectable change of 1.0 y."),
    ],
)
def test_of_a_change_is_said_what_the_card_lets_say(with_course, limit, words):
    # 6.5 today, 5.0 two years ago; the older ones are not compared.
    age = replace(with_course.age, detectable_change_years=limit)
    sentence = change_sentence(course(with_course), age)

    assert sentence.endswith(words)
    assert ("detectable" in sentence) is (limit is not None)


def test_nothing_is_said_of_a_change_from_another_model(findings):
    changed = with_priors(findings, prior(1, date(2021, 1, 1), stated(1.0, OTHER)))

    assert change_sentence(course(changed), changed.age) == ""
