import dataclasses

import numpy as np
import pytest
from PIL import ImageDraw

from spine.anatomy.levels import DiscLevel
from spine.errors import Caution, Code, Refusal
from spine.reporting.drawing import WARNING, Page, font
from spine.reporting.spine_picture import draw_spine, middle_slice
from spine.reporting.summary_picture import HEIGHT, WIDTH, draw_summary


@pytest.fixture
def drawn_words(monkeypatch):
    """Everything that is written on a page, with the box it covers."""
    words = []
    write = Page.text

    def record(self, at, text, style, anchor="la"):
        box = ImageDraw.Draw(self._image).textbbox(at, text, font=font(style), anchor=anchor)
        words.append((text, box))
        write(self, at, text, style, anchor)

    monkeypatch.setattr(Page, "text", record)
    return words


def sentences(drawn_words) -> str:
    return " ".join(text for text, _ in drawn_words)


def everything_at_once(findings):
    """Seven lumbar discs, long reasons, more refusals and cautions than there is room for."""
    reason = "The reason is as long as a reason may get when it has to name every single thing " * 2
    levels = [
        DiscLevel.L1_L2, DiscLevel.L2_L3, DiscLevel.L3_L4, DiscLevel.L4_L5,
        DiscLevel.L5_L6, DiscLevel.L6_L7, DiscLevel.L7_S1,
    ]  # fmt: skip
    whole = dataclasses.replace(findings.discs[0], level=levels[0])
    discs = [whole] + [
        Refusal(code, reason, str(level)) for code, level in zip(Code, levels[1:], strict=False)
    ]
    study = dataclasses.replace(
        findings.selection.study, cautions=tuple(Caution(code, reason) for code in Code)
    )
    selection = dataclasses.replace(findings.selection, study=study)
    return dataclasses.replace(findings, selection=selection, discs=tuple(discs))


@pytest.mark.parametrize("case", ["findings", "all_refused", "out_of_scope", "with_cautions"])
def test_page_has_its_size_and_is_drawn_alike_each_time(case, references, run, request):
    findings = request.getfixturevalue(case)
    page = draw_summary(findings, references, run)
    assert page.shape == (HEIGHT, WIDTH, 3)
    assert page.dtype == np.uint8
    assert (page == draw_summary(findings, references, run)).all()


def test_age_gap_discs_evidence_and_notices_are_on_it(findings, references, run, drawn_words):
    draw_summary(findings, references, run)
    page = sentences(drawn_words)
    for words in (
        "61.3 years",
        "gap +6.5 years",
        "actual age 54.8",
        "L4/L5",
        "3→4",
        "worse · P(worse) 66%",
        "DISC_OUT_OF_FIELD",
        "grade now unknown",
        "cannot worsen",
        "RESEARCH USE ONLY",
        "Not a medical device",
        "Evidence: synthetic images only",
        "age-dcnn 0.1.0 (synthetic)",
        "L5",
    ):
        assert words in page, words
    assert "DEMONSTRATION" not in page


def test_state_is_told_by_word_not_by_color_alone(findings, references, run, drawn_words):
    draw_summary(findings, references, run)
    for word in ("same", "better", "worse", "cannot worsen"):
        assert any(text.startswith(word) for text, _ in drawn_words)


def test_refusals_are_given_with_code_and_reason(all_refused, references, run, drawn_words):
    draw_summary(all_refused, references, run)
    page = sentences(drawn_words)
    assert page.count("MODEL_NOT_VALIDATED") >= 2
    assert "L1/L2, L2/L3, L3/L4, L4/L5, L5/S1: not given" in page
    assert "retrospective is required" in page
    assert "No model's prediction is given on this page." in page


def test_cautions_and_uncertain_levels_are_said(with_cautions, references, run, drawn_words):
    draw_summary(with_cautions, references, run)
    page = sentences(drawn_words)
    assert "LEVEL_GAP: A vertebra is missing" in page
    assert "LEVEL NAMES UNCERTAIN" in page


def test_lowered_evidence_is_said_in_words_and_by_a_band(findings, references, run, drawn_words):
    lowered = dataclasses.replace(run, demonstration=True)
    page = draw_summary(findings, references, lowered)
    assert "DEMONSTRATION MODEL – NOT FOR PATIENTS" in sentences(drawn_words)
    assert (page[86, :100] == WARNING).all()


def test_a_band_is_drawn_only_with_its_source(findings, references, run, drawn_words):
    draw_summary(findings, references, run)
    assert "No reference band: the model's card states no error." in sentences(drawn_words)
    drawn_words.clear()
    age = dataclasses.replace(findings.age, mean_absolute_error_years=3.7)
    draw_summary(dataclasses.replace(findings, age=age), references, run)
    assert "Band: actual age ± 3.7 years" in sentences(drawn_words)


def test_nothing_names_the_patient(findings, references, run, drawn_words):
    draw_summary(findings, references, run)
    page = sentences(drawn_words)
    for name in ("Phantom", "PHANTOM-1", "Ward 3", "1970", "2025-03-14"):
        assert name not in page


@pytest.mark.parametrize("demonstration", [False, True])
def test_nothing_leaves_the_page_however_much_there_is(
    findings, references, run, drawn_words, demonstration
):
    full = everything_at_once(findings)
    # Segmentation, age, and grade and progression of three scales.
    models = (*references[:2], *(references[2],) * 6)
    draw_summary(full, models, dataclasses.replace(run, demonstration=demonstration))
    for text, (left, top, right, bottom) in drawn_words:
        assert left >= 0, text
        assert top >= 0, text
        assert right <= WIDTH, text
        assert bottom <= HEIGHT, text
    # Refusals and cautions that have no room are counted, neither is dropped.
    assert "Not given, and why" in sentences(drawn_words)
    assert "Cautions" in sentences(drawn_words)
    assert sentences(drawn_words).count(", in the structured report") == 2


def test_notes_stay_above_the_footer(findings, references, run, drawn_words):
    draw_summary(everything_at_once(findings), references, run)
    footer = next(box for text, box in drawn_words if text.startswith("Evidence"))
    notes = [box for text, box in drawn_words if "as long as a reason" in text]
    assert notes
    assert max(box[3] for box in notes) <= footer[1]


def test_middle_slice_is_that_of_the_bodies(findings):
    # Bodies lie on slices 2 to 6.
    assert middle_slice(findings.segmentation) == 4


def test_a_slender_spine_gets_its_lumbar_part_enlarged(findings):
    narrow = draw_spine(findings, (1200, 700))
    wide = draw_spine(findings, (400, 900))
    assert len(narrow) == 2
    assert len(wide) == 1
    assert [name.name for name in narrow[0].names] == ["T12", "L1", "L2", "L3", "L4", "L5"]


def test_a_volume_without_segmentation_is_shown_plain(findings):
    refusal = Refusal(Code.SEGMENTATION_FAILED, "No row of vertebrae was found.", "study")
    (picture,) = draw_spine(dataclasses.replace(findings, segmentation=refusal), (400, 900))
    assert picture.names == ()
    # Gray: no outline has a color.
    assert (picture.pixels[..., 0] == picture.pixels[..., 2]).all()
