import itertools

import pytest

from spine.anatomy.grades import Scale
from spine.errors import Code, Refusal
from spine.reporting import wording, wording_age, wording_discs
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
    ("content", "demonstration", "revision"),
    list(itertools.product(CONTENTS, (False, True), (1, 99))),
)
def test_series_descriptions_fit_their_element(content, demonstration, revision):
    words = wording.series_description(content, demonstration=demonstration, revision=revision)
    # LO holds 64 characters; validators count bytes.
    assert len(words.encode()) <= 64
    assert "Research use only" in words


def test_demonstrations_say_so_first():
    first, second = wording.notices(demonstration=True)
    assert first == "DEMONSTRATION MODEL – NOT FOR PATIENTS"
    assert "Research use only" in second
    assert wording.notices(demonstration=False) == (second,)


def test_a_shared_reason_names_each_disc_once():
    subjects = ["age", *(f"L4/L5 {scale}" for scale in Scale), "L5/S1 pfirrmann"]
    assert wording.grouped_refusal("MODEL_MISSING", "No model.", subjects) == (
        "MODEL_MISSING: No model. (spine age, L4/L5, L5/S1 pfirrmann)"
    )


def test_refusals_name_what_they_are_about():
    refusal = Refusal(Code.AGE_UNKNOWN, "The age is not known.", "age")
    assert wording.refusal_sentence(refusal) == (
        "spine age not given: AGE_UNKNOWN. The age is not known."
    )


def test_wrapped_lines_fit_and_lose_no_word():
    style = Style(18)
    sentence = "The field of view cuts the disc between the tenth and the eleventh vertebra. " * 3
    lines = wrap(sentence, style, 300)
    assert " ".join(lines) == sentence.strip()
    assert max(text_width(line, style) for line in lines) <= 300


def test_fonts_have_every_character_that_the_wording_uses():
    used = set(
        wording.DEMONSTRATION_NOTICE
        + wording_discs.HEADING
        + wording_age.band_sentence(3.7)
        + wording_discs.PAGE_NOTE
        + wording_discs.LIMITS
        + wording.more_in_report(2, shown=1)
        + "→·±…–"
    ) - {" "}
    for style in (Style(20), Style(20, bold=True)):
        missing = bytes(font(style).getmask("\uffff"))
        assert not [char for char in used if bytes(font(style).getmask(char)) == missing]
