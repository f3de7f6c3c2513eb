from dataclasses import replace

import pytest

from spine.anatomy.grades import BaselineKind, Progression, Scale, Undetermined
from spine.anatomy.levels import DiscLevel
from spine.errors import Code, Refusal
from spine.findings import Baseline, DiscAssessment, Evidence, Grading, ModelReference
from spine.reporting import wording_discs
from spine.reporting.drawing import Style, text_width
from tests.spine.reporting.predictions import forecast

GRADER = ModelReference("disc-bulging-grade", "0.1.0", "e" * 64, Evidence.SYNTHETIC)
TABLE = Baseline(3, "baseline table, graded 2020-01-03")


def by_model(grade, *shares, is_open=False):
    grading = Grading(((0,), (1,), (2, 3)), shares, GRADER)
    source = "grading model disc-bulging-grade 0.1.0"
    return Baseline(grade, source, BaselineKind.MODEL, is_open, grading)


def undetermined(reason, baseline, probability, scale=Scale.BULGING):
    base = forecast(scale, 1, 1, Progression.UNDETERMINED)
    return replace(
        base,
        baseline=baseline,
        undetermined=reason,
        grade_progression=Progression.UNCHANGED,
        progression_probability=probability,
    )


def test_a_disc_is_said_in_one_short_sentence(findings):
    assert wording_discs.disc_sentence(findings.discs[3]) == (
        "L4/L5 now→5 y: Pfirrmann 3→4 (worse: 66%), Bulging 1→1 (worse: 66%). "
        "Grade now: baseline table. Evidence: synthetic. "
        "Schneiderman not given: MODEL_NOT_VALIDATED. The model's evidence is synthetic."
    )


def test_a_disc_refused_for_one_reason_says_it_once(all_refused):
    assert wording_discs.disc_sentence(all_refused.discs[0]) == (
        "L1/L2 not given: MODEL_NOT_VALIDATED. "
        "The model's evidence is synthetic, retrospective is required."
    )


def test_a_disc_refused_for_two_reasons_says_which_is_whose():
    forecasts = (
        Refusal(Code.MODEL_MISSING, "No model.", "L4/L5 schneiderman"),
        Refusal(Code.MODEL_MISSING, "No model.", "L4/L5 bulging"),
        Refusal(Code.BASELINE_INVALID, "Grade 7.", "L4/L5 pfirrmann"),
    )
    assert wording_discs.disc_sentence(DiscAssessment(DiscLevel.L4_L5, forecasts)) == (
        "L4/L5 Schneiderman, Bulging not given: MODEL_MISSING. No model. "
        "Pfirrmann not given: BASELINE_INVALID. Grade 7."
    )


def test_an_unknown_grade_and_the_highest_grade_promise_no_probability(findings):
    words = wording_discs.disc_sentence(findings.discs[1])
    assert "Pfirrmann ?→3 (grade now unknown)" in words
    assert "Schneiderman 3→3 (cannot worsen)" in words


def test_every_state_has_its_own_word():
    words = [wording_discs.PROGRESSION_WORDS[state] for state in Progression]
    assert len(set(words)) == len(words)


@pytest.mark.parametrize(
    ("reason", "baseline", "probability", "short", "full"),
    [
        (
            Undetermined.CONTRADICTION,
            TABLE,
            0.55,
            "undecided · P(worse) 55%",
            "undetermined: most probable grade same, yet worse: 55%",
        ),
        (
            Undetermined.UNSURE_BASELINE,
            by_model(1, 0.3, 0.6, 0.1),
            0.4,
            "unsure · P(worse) 40%",
            "undetermined: grade now too uncertain; worse: 40%",
        ),
        (
            Undetermined.OPEN_CLASS,
            by_model(2, 0.1, 0.1, 0.8, is_open=True),
            None,
            "undetermined",
            "undetermined: 2 or more now",
        ),
        (Undetermined.NO_BASELINE, None, None, "grade now unknown", "grade now unknown"),
    ],
)
def test_what_is_undetermined_says_why_and_shows_both_sides(
    reason, baseline, probability, short, full
):
    item = undetermined(reason, baseline, probability)

    assert wording_discs.state(item) == short
    assert wording_discs.undetermined_reason(item) == full
    assert f"({full})" in wording_discs.forecast_sentence(item)


@pytest.mark.parametrize(
    ("reason", "probability"),
    [
        (None, 1.0),
        (Undetermined.CONTRADICTION, 1.0),
        (Undetermined.UNSURE_BASELINE, 1.0),
        (Undetermined.OPEN_CLASS, None),
        (Undetermined.NO_BASELINE, None),
    ],
)
def test_every_state_fits_its_column_on_the_summary_page(reason, probability):
    state = Progression.PROGRESSED if reason is None else Progression.UNDETERMINED
    item = replace(
        forecast(Scale.BULGING, 1, 1, state),
        progression_probability=probability,
        undetermined=reason,
    )

    # A third of what the page leaves beside the levels and pictures: 980 - 220 pixels.
    assert text_width(wording_discs.state(item), Style(18)) < 760 / 3 - 4


def test_grade_that_may_be_more_is_printed_so():
    item = undetermined(Undetermined.OPEN_CLASS, by_model(2, 0, 0, 1, is_open=True), None)

    assert wording_discs.grades(item) == "2+→1"


def test_every_source_is_named_once_with_its_scales():
    forecasts = [
        forecast(Scale.PFIRRMANN, 3, 3, Progression.UNCHANGED),
        forecast(Scale.SCHNEIDERMAN, 1, 1, Progression.UNCHANGED),
        undetermined(Undetermined.UNSURE_BASELINE, by_model(1, 0.3, 0.6, 0.1), 0.4),
        forecast(Scale.BULGING, None, 1, Progression.UNDETERMINED),
    ]

    assert wording_discs.sources_sentence(forecasts) == (
        "Grade now: Pfirrmann, Schneiderman by baseline table; "
        "Bulging by grading model disc-bulging-grade 0.1.0, 60% certain."
    )
    assert wording_discs.sources_sentence(forecasts[3:]) == ""


def test_limits_name_the_exclusions_and_the_population_once():
    items = [forecast(scale, 1, 1, Progression.UNCHANGED) for scale in Scale]

    exclusions, population = wording_discs.limits(items)

    for word in ("18 years", "surgery", "tumor", "deformity", "five years"):
        assert word in exclusions
    assert population == "Population of origin: Adults of a made-up town."
    assert wording_discs.limits([]) == ()
    unstated = [replace(item, model=GRADER) for item in items]
    assert "not stated" in wording_discs.limits(unstated)[1]
