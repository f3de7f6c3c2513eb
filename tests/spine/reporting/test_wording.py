import itertools

import pytest

from spine.anatomy.grades import Progression, Scale
from spine.anatomy.levels import DiscLevel
from spine.errors import Code, Refusal
from spine.findings import DiscAssessment
from spine.reporting import wording
from spine.reporting.drawing import Style, font, text_width, wrap

CONTENTS = (
    "vertebrae",
    "discs",
    "canal and cord",
    "ribs",
    "summary page",
    "measurement report",
)


@pytest.mark.parametrize(
    ("content", "demonstration"), list(itertools.product(CONTENTS, (False, True)))
)
def test_series_descriptions_fit_their_element(content, demonstration):
    words = wording.series_description(content, demonstration=demonstration)
    # LO holds 64 characters; validators count bytes.
    assert len(words.encode()) <= 64
    assert "Research use only" in words


def test_demonstrations_say_so_first():
    first, second = wording.notices(demonstration=True)
    assert first == "DEMONSTRATION MODEL – NOT FOR PATIENTS"
    assert "Research use only" in second
    assert wording.notices(demonstration=False) == (second,)


def test_a_disc_is_said_in_one_short_sentence(findings):
    assert wording.disc_sentence(findings.discs[3]) == (
        "L4/L5 now→5 y: Pfirrmann 3→4 (worse: 66%), Bulging 1→1 (worse: 66%). "
        "Evidence: synthetic. Schneiderman not given: MODEL_NOT_VALIDATED. "
        "The model's evidence is synthetic."
    )


def test_a_disc_refused_for_one_reason_says_it_once(all_refused):
    assert wording.disc_sentence(all_refused.discs[0]) == (
        "L1/L2 not given: MODEL_NOT_VALIDATED. "
        "The model's evidence is synthetic, retrospective is required."
    )


def test_a_disc_refused_for_two_reasons_says_which_is_whose():
    forecasts = (
        Refusal(Code.MODEL_MISSING, "No model.", "L4/L5 schneiderman"),
        Refusal(Code.MODEL_MISSING, "No model.", "L4/L5 bulging"),
        Refusal(Code.BASELINE_INVALID, "Grade 7.", "L4/L5 pfirrmann"),
    )
    assert wording.disc_sentence(DiscAssessment(DiscLevel.L4_L5, forecasts)) == (
        "L4/L5 Schneiderman, Bulging not given: MODEL_MISSING. No model. "
        "Pfirrmann not given: BASELINE_INVALID. Grade 7."
    )


def test_a_shared_reason_names_each_disc_once():
    subjects = ["age", *(f"L4/L5 {scale}" for scale in Scale), "L5/S1 pfirrmann"]
    assert wording.grouped_refusal("MODEL_MISSING", "No model.", subjects) == (
        "MODEL_MISSING: No model. (spine age, L4/L5, L5/S1 pfirrmann)"
    )


def test_an_unknown_grade_and_the_highest_grade_promise_no_probability(findings):
    words = wording.disc_sentence(findings.discs[1])
    assert "Pfirrmann ?→3 (grade now unknown)" in words
    assert "Schneiderman 3→3 (cannot worsen)" in words


def test_age_is_said_with_its_gap_and_evidence(findings):
    assert wording.age_sentence(findings.age) == (
        "spine age 61.3 y, gap +6.5 y (actual age 54.8 y; evidence: synthetic)"
    )


def test_refusals_name_what_they_are_about():
    refusal = Refusal(Code.AGE_UNKNOWN, "The age is not known.", "age")
    assert wording.refusal_sentence(refusal) == (
        "spine age not given: AGE_UNKNOWN. The age is not known."
    )


def test_every_state_has_its_own_word():
    words = [wording.PROGRESSION_WORDS[state] for state in Progression]
    assert len(set(words)) == len(words)


def test_wrapped_lines_fit_and_lose_no_word():
    style = Style(18)
    sentence = "The field of view cuts the disc between the tenth and the eleventh vertebra. " * 3
    lines = wrap(sentence, style, 300)
    assert " ".join(lines) == sentence.strip()
    assert max(text_width(line, style) for line in lines) <= 300


def test_fonts_have_every_character_that_the_wording_uses():
    used = set(
        wording.DEMONSTRATION_NOTICE
        + wording.PROGRESSION_HEADING
        + wording.band_sentence(3.7)
        + wording.more_in_report(2, shown=1)
        + "→·±…"
    ) - {" "}
    for style in (Style(20), Style(20, bold=True)):
        missing = bytes(font(style).getmask("\uffff"))
        assert not [char for char in used if bytes(font(style).getmask(char)) == missing]
