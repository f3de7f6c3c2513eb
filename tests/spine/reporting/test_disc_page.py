from dataclasses import replace

import numpy as np
import pytest

from spine.anatomy.levels import DiscLevel
from spine.errors import Refusal
from spine.reporting.disc_page import draw_disc_page
from spine.reporting.drawing import ACCENT
from spine.reporting.page_frame import BOTTOM, HEIGHT, WIDTH


def seven_discs(findings):
    assessed = findings.discs[0]
    levels = ("L1/L2", "L2/L3", "L3/L4", "L4/L5", "L5/L6", "L6/L7", "L7/S1")
    return replace(
        findings, discs=tuple(replace(assessed, level=DiscLevel(level)) for level in levels)
    )


def test_there_is_no_page_where_the_networks_saw_nothing(
    findings, all_refused, out_of_scope, references, run
):
    for case in (findings, all_refused, out_of_scope):
        assert draw_disc_page(case, references, run) is None


def test_grades_sources_probabilities_and_reasons_stand_on_it(
    with_gradings, references, run, drawn_words
):
    page = draw_disc_page(with_gradings, references, run)
    assert page.shape == (HEIGHT, WIDTH, 3)
    words = drawn_words.sentences()
    for wanted in (
        "L3/L4",
        "Pfirrmann 3→4",
        "worse · P(worse) 66%",
        "earlier report, study of 2024-12-01",
        "0.2.0, 90% certain",
        "undetermined: 2 or more now",
        "yet worse: 55%",
        "not given: DISC_NOT_FOUND",
        "Population of origin: Adults of a made-up town; Patients of a clinic.",
        "RESEARCH USE ONLY",
    ):
        assert wanted in words, wanted


def test_bars_are_as_high_as_their_probability(with_gradings, references, run, drawn_words):
    one = replace(with_gradings.discs[0], forecasts=with_gradings.discs[0].forecasts[:1])
    page = draw_disc_page(replace(with_gradings, discs=(one,)), references, run)
    # The most probable grade, 4 with 0.56, is the only bar in color.
    left, _, right, bottom = next(box for text, box in drawn_words if text == "4")
    column = page[: int(bottom), int((left + right) / 2)]
    assert (column == ACCENT).all(axis=1).sum() == pytest.approx(0.56 * 26, abs=1.5)


@pytest.mark.parametrize("demonstration", [False, True])
@pytest.mark.parametrize("count", [1, 5, 7])
def test_nothing_leaves_the_page_or_its_cell(
    with_gradings, references, run, drawn_words, count, demonstration
):
    seven = seven_discs(with_gradings)
    few = replace(seven, discs=seven.discs[:count])
    draw_disc_page(few, references, replace(run, demonstration=demonstration))
    footer = next(n for n, (text, _) in enumerate(drawn_words) if text.startswith("Evidence"))
    for text, box in drawn_words[:footer]:
        assert box[0] >= 0 and box[1] >= 0, text
        assert box[2] <= WIDTH and box[3] <= BOTTOM, text


@pytest.mark.parametrize("count", [5, 7])
def test_words_do_not_run_into_each_other(with_gradings, references, run, drawn_words, count):
    seven = seven_discs(with_gradings)
    draw_disc_page(replace(seven, discs=seven.discs[:count]), references, run)
    boxes = [(text, box) for text, box in drawn_words if text]
    for number, (text, one) in enumerate(boxes):
        for other_text, other in boxes[number + 1 :]:
            apart = one[2] <= other[0] or other[2] <= one[0]
            over = one[3] <= other[1] or other[3] <= one[1]
            assert apart or over, (text, other_text)


def test_nothing_names_the_patient(with_gradings, references, run, drawn_words):
    draw_disc_page(with_gradings, references, run)
    words = drawn_words.sentences()
    for name in ("Phantom", "PHANTOM-1", "Ward 3", "1970", "2025-03-14"):
        assert name not in words


def test_refused_disc_has_no_picture(with_gradings, references, run):
    whole = draw_disc_page(with_gradings, references, run)
    refused = Refusal("DISC_OUT_OF_FIELD", "Outside.", "L4/L5")
    first, _, last = with_gradings.discs
    fewer = draw_disc_page(replace(with_gradings, discs=(first, refused, last)), references, run)
    # The second cell lies to the right of the first, which stays as it was.
    middle = WIDTH // 2
    top = slice(70, 70 + (BOTTOM - 70) // 4)
    assert (whole[top, :middle] == fewer[top, :middle]).all()
    assert np.ptp(whole[top, middle : middle + 300]) > np.ptp(fewer[top, middle + 8 : middle + 300])
