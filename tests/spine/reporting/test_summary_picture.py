import dataclasses

import numpy as np
import pytest

from spine.anatomy.levels import DiscLevel
from spine.errors import Caution, Code, Refusal
from spine.reporting import summary_age
from spine.reporting.drawing import BAND, RULE, WARNING
from spine.reporting.spine_picture import draw_spine, middle_slice
from spine.reporting.summary_picture import HEIGHT, WIDTH, draw_summary


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


@pytest.mark.parametrize(
    "case",
    [
        "findings",
        "all_refused",
        "out_of_scope",
        "with_cautions",
        "with_interval",
        "with_gradings",
        "with_course",
    ],
)
def test_page_has_its_size_and_is_drawn_alike_each_time(case, references, run, request):
    findings = request.getfixturevalue(case)
    page = draw_summary(findings, references, run)
    assert page.shape == (HEIGHT, WIDTH, 3)
    assert page.dtype == np.uint8
    assert (page == draw_summary(findings, references, run)).all()


def test_age_gap_discs_evidence_and_notices_are_on_it(findings, references, run, drawn_words):
    draw_summary(findings, references, run)
    page = drawn_words.sentences()
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
        "Evidence: not validated on patients",
        "age-dcnn 0.1.0 (synthetic)",
        "L5",
    ):
        assert words in page, words
    assert "DEMONSTRATION" not in page


def test_source_of_each_grade_and_what_is_undecided_stand_beside_it(
    with_gradings, references, run, drawn_words
):
    draw_summary(with_gradings, references, run)
    page = drawn_words.sentences()
    for words in ("now: table", "now: report", "now: model 90%", "2+→1", "UNDER_18"):
        assert words in page, words
    assert "undecided · P(worse) 55%" in page
    assert "after spine surgery, with a tumor or marked deformity" in page


def test_limits_are_not_said_where_nothing_is_forecast(all_refused, references, run, drawn_words):
    draw_summary(all_refused, references, run)
    assert "surgery" not in drawn_words.sentences()


def test_what_the_networks_saw_stands_beside_its_level(with_gradings, references, run, drawn_words):
    one = dataclasses.replace(with_gradings, discs=with_gradings.discs[1:2])
    blind = dataclasses.replace(one, discs=(dataclasses.replace(one.discs[0], region=None),))
    seen, plain = (draw_summary(case, references, run) for case in (one, blind))
    rows, columns = np.nonzero((seen != plain).any(axis=2))
    # Behind the level's name, before the first column, in the region's proportions of 3 : 4.
    assert columns.min() > next(box for text, box in drawn_words if text == "L4/L5")[2]
    assert columns.max() < next(box for text, box in drawn_words if text == "Pfirrmann")[0]
    assert (np.ptp(columns) + 1) / (np.ptp(rows) + 1) == pytest.approx(4 / 3, rel=0.05)


def test_cells_of_the_table_do_not_run_into_each_other(with_gradings, references, run, drawn_words):
    draw_summary(with_gradings, references, run)
    boxes = [(text, box) for text, box in drawn_words if text]
    start = next(n for n, (text, _) in enumerate(boxes) if text.startswith("Lumbar discs"))
    end = next(n for n, (text, _) in enumerate(boxes) if text == "Not given, and why")
    for number, (text, one) in enumerate(boxes[start:end]):
        for other_text, other in boxes[start:end][number + 1 :]:
            apart = one[2] <= other[0] or other[2] <= one[0]
            over = one[3] <= other[1] or other[3] <= one[1]
            assert apart or over, (text, other_text)


def test_state_is_told_by_word_not_by_color_alone(findings, references, run, drawn_words):
    draw_summary(findings, references, run)
    for word in ("same", "better", "worse", "cannot worsen"):
        assert any(text.startswith(word) for text, _ in drawn_words)


def test_refusals_are_given_with_code_and_reason(all_refused, references, run, drawn_words):
    draw_summary(all_refused, references, run)
    page = drawn_words.sentences()
    assert page.count("MODEL_NOT_VALIDATED") >= 2
    assert "L1/L2, L2/L3, L3/L4, L4/L5, L5/S1: not given" in page
    assert "retrospective is required" in page
    assert "No model's prediction is given on this page." in page


def test_cautions_and_uncertain_levels_are_said(with_cautions, references, run, drawn_words):
    draw_summary(with_cautions, references, run)
    page = drawn_words.sentences()
    assert "LEVEL_GAP: A vertebra is missing" in page
    assert "LEVEL NAMES UNCERTAIN" in page


def test_a_doubt_about_level_names_stands_out_and_stays_below_its_picture(
    findings, with_cautions, references, run, drawn_words
):
    unsure = draw_summary(with_cautions, references, run)
    box = next(box for text, box in drawn_words if "LEVEL NAMES UNCERTAIN" in text)
    left, top, right, bottom = (round(value) for value in box)
    assert right <= 580
    assert (unsure[top:bottom, left:right] == WARNING).all(axis=2).sum() > 100
    certain = draw_summary(findings, references, run)
    assert not (certain[top:bottom, left:right] == WARNING).all(axis=2).any()


def test_lowered_evidence_is_said_in_words_and_by_a_band(findings, references, run, drawn_words):
    lowered = dataclasses.replace(run, demonstration=True)
    page = draw_summary(findings, references, lowered)
    assert "DEMONSTRATION MODEL – NOT FOR PATIENTS" in drawn_words.sentences()
    assert (page[24, :100] == WARNING).all()


@pytest.mark.parametrize("demonstration", [False, True])
def test_words_that_must_be_read_stay_clear_of_a_viewers_own(
    findings, references, run, drawn_words, demonstration
):
    lowered = dataclasses.replace(run, demonstration=demonstration, predecessor=None)
    draw_summary(findings, references, lowered)
    boxes = dict(drawn_words)
    notice = boxes[
        "DEMONSTRATION MODEL – NOT FOR PATIENTS" if demonstration else "RESEARCH USE ONLY"
    ]
    # OHIF: player in the middle from y 50 to 106, name of the series on the left from 44 to 92.
    assert notice[3] <= 50
    title = next(box for text, box in drawn_words if text.startswith("SpineMAP: "))
    assert title[3] <= 50 or title[0] >= 580
    assert title[2] < boxes["RESEARCH USE ONLY"][0]
    analyzed = next(box for text, box in drawn_words if text.startswith("Analyzed"))
    assert analyzed[0] >= 110


def test_a_band_is_drawn_only_with_its_source(findings, references, run, drawn_words):
    draw_summary(findings, references, run)
    assert "No reference band: the model's card states no error." in drawn_words.sentences()
    drawn_words.clear()
    age = dataclasses.replace(findings.age, mean_absolute_error_years=3.7)
    draw_summary(dataclasses.replace(findings, age=age), references, run)
    assert "Band: actual age ± 3.7 years" in drawn_words.sentences()
    assert "many normal cases lie outside it" in drawn_words.sentences()


def test_an_interval_is_the_band_and_says_what_it_is(with_interval, references, run, drawn_words):
    page = draw_summary(with_interval, references, run)
    words = drawn_words.sentences()
    assert "as expected within the model's error" in words
    assert "90% of people of 45–54 years without known disease" in words
    assert "not a clinical range. 88% of these 212" in words
    assert "the mean error on the model's card" not in words
    # Twice the half width; the line shows 12 years before and after the actual age.
    band = (page == BAND).all(axis=2)
    row = int(np.flatnonzero(band.any(axis=1)).mean())
    line = np.flatnonzero((page[row] == RULE).all(axis=1))
    assert band.sum(axis=1).max() == pytest.approx(16.8 / 24 * (line[-1] - line[0]), abs=3)


@pytest.mark.parametrize("half_width", [0.4, 8.4, 60.0])
@pytest.mark.parametrize("predicted", [12.3, 61.3, 110.4])
def test_age_stays_in_its_panel(with_interval, references, run, drawn_words, half_width, predicted):
    interval = dataclasses.replace(with_interval.age.interval, half_width_years=half_width)
    age = dataclasses.replace(with_interval.age, predicted_age_years=predicted, interval=interval)
    draw_summary(dataclasses.replace(with_interval, age=age), references, run)
    start = next(n for n, (text, _) in enumerate(drawn_words) if text == "Spine age")
    end = next(n for n, (text, _) in enumerate(drawn_words) if text.startswith("Lumbar discs"))
    left, top = drawn_words[start][1][0], drawn_words[start][1][1]
    for text, box in drawn_words[start:end]:
        assert box[0] >= left, text
        assert box[2] <= WIDTH - 20 - 20, text
        assert box[3] <= top - 14 + summary_age.HEIGHT, text


def test_nothing_names_the_patient(findings, references, run, drawn_words):
    draw_summary(findings, references, run)
    page = drawn_words.sentences()
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
    assert "Not given, and why" in drawn_words.sentences()
    assert "Cautions" in drawn_words.sentences()
    assert drawn_words.sentences().count(", in the structured report") == 2


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
