import dataclasses

import numpy as np

from spine.errors import Code, Refusal
from spine.imaging.volume import Volume
from spine.reporting.drawing import WARNING
from spine.reporting.heat_picture import draw_heat_page
from spine.reporting.page_frame import BOTTOM, HEIGHT, WIDTH
from spine.reporting.spine_picture import draw_heat
from spine.reporting.summary_picture import draw_summary


def colored(pixels):
    return pixels.max(axis=-1).astype(int) - pixels.min(axis=-1) > 40


def replace_heat(findings, **changes):
    heat = dataclasses.replace(findings.age.heat, **changes)
    return dataclasses.replace(findings, age=dataclasses.replace(findings.age, heat=heat))


def test_page_has_its_size_and_is_drawn_alike_each_time(with_heat, references, run):
    page = draw_heat_page(with_heat, references, run)
    assert (page.shape, page.dtype) == ((HEIGHT, WIDTH, 3), np.uint8)
    assert (page == draw_heat_page(with_heat, references, run)).all()


def test_without_heat_there_is_no_page(findings, all_refused, out_of_scope, references, run):
    for without in (findings, all_refused, out_of_scope):
        assert draw_heat_page(without, references, run) is None


def test_a_refused_segmentation_has_no_page(with_heat, references, run):
    refusal = Refusal(Code.SEGMENTATION_FAILED, "No row of vertebrae was found.", "study")
    refused = dataclasses.replace(with_heat, segmentation=refusal)
    assert draw_heat_page(refused, references, run) is None


def test_it_is_said_what_the_maps_are_and_that_they_are_no_finding(
    with_heat, references, run, drawn_words
):
    draw_heat_page(with_heat, references, run)
    page = drawn_words.sentences()
    for words in (
        "where the spine age network looked",
        "They are no finding",
        "Made the answer older",
        "100% of all heat",
        "Made the answer younger",
        "no positive evidence",
        "at most 2.7 times the mean",
        "all in one cell",
        "Outside the spine: 42%; limit 30%",
        "HEAT_OUTSIDE_SPINE: It looked off the spine.",
        "RESEARCH USE ONLY",
        "Evidence: not validated on patients",
        "L5",
    ):
        assert words in page.replace("  ", " "), words
    assert "DEMONSTRATION" not in page


def test_lowered_evidence_is_said_on_this_page_too(with_heat, references, run, drawn_words):
    page = draw_heat_page(with_heat, references, dataclasses.replace(run, demonstration=True))
    assert "DEMONSTRATION MODEL – NOT FOR PATIENTS" in drawn_words.sentences()
    assert (page[24, :100] == WARNING).all()


def test_nothing_names_the_patient_and_nothing_leaves_the_page(
    with_heat, references, run, drawn_words
):
    draw_heat_page(with_heat, references, run)
    page = drawn_words.sentences()
    assert not [n for n in ("Phantom", "PHANTOM-1", "Ward 3", "1970", "2025-03-14") if n in page]
    for text, (left, top, right, bottom) in drawn_words:
        assert 0 <= left <= right <= WIDTH, text
        assert 0 <= top <= bottom <= HEIGHT, text


def test_words_of_the_panel_stay_above_the_footer(with_heat, references, run, drawn_words):
    lowered = dataclasses.replace(run, demonstration=True)
    draw_heat_page(with_heat, references, lowered)
    caution = [box for text, box in drawn_words if "HEAT_OUTSIDE_SPINE" in text]
    assert caution
    assert max(box[3] for box in caution) < BOTTOM


def test_a_map_lies_over_the_place_that_made_the_answer_older(with_heat):
    segmentation, heat = with_heat.segmentation, with_heat.age.heat
    with_map = draw_heat(segmentation, heat.older, (500, 900))
    plain = draw_heat(segmentation, None, (500, 900))
    rows, columns = np.nonzero(colored(with_map.pixels))
    names = {name.name: name.at for name in plain.names}
    # Between the centers of L4 and L5, behind their names.
    assert names["L4"][1] < rows.mean() < names["L5"][1]
    assert columns.mean() > names["L5"][0]
    assert not colored(plain.pixels).any()
    # Anatomy is seen through: the map's even values do not make an even picture.
    assert with_map.pixels[rows, columns].std(axis=0).min() > 3


def test_older_is_left_and_younger_is_right(with_heat, references, run):
    page = draw_heat_page(with_heat, references, run)
    turned = replace_heat(with_heat, older=None, younger=with_heat.age.heat.older, older_share=0.0)
    other = draw_heat_page(turned, references, run)
    # Below the heading, above the footer; the two maps share the left 1090 columns.
    left, right = slice(0, 550), slice(560, 1090)
    assert colored(page[140:1080, left]).sum() > 1000
    assert colored(page[140:1080, right]).sum() == 0
    assert colored(other[140:1080, right]).sum() > 1000
    assert colored(other[140:1080, left]).sum() == 0


def test_an_even_map_is_told_from_no_evidence(with_heat, references, run, drawn_words):
    older = with_heat.age.heat.older
    even = Volume(np.zeros_like(older.data), older.affine)
    draw_heat_page(replace_heat(with_heat, older=even), references, run)
    assert "100% of all heat, no place stands out" in drawn_words.sentences()


def test_cautions_about_heat_are_on_the_summary_page(with_heat, references, run, drawn_words):
    draw_summary(with_heat, references, run)
    assert "HEAT_OUTSIDE_SPINE: It looked off the spine." in drawn_words.sentences()
