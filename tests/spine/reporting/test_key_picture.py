import dataclasses

import numpy as np
import pytest
from pydicom import dcmread

from spine.reporting.drawing import BACKGROUND
from spine.reporting.key_picture import _spread, compose_key_pictures
from spine.reporting.kinds import Kind
from spine.reporting.page_frame import HEIGHT, WIDTH
from spine.reporting.spine_picture import middle_slice
from spine.reporting.wording import DEMONSTRATION_NOTICE

pytestmark = pytest.mark.slow


def test_middle_slice_and_its_neighbors_are_shown(findings, references, run, drawn_words):
    pages = compose_key_pictures(findings, references, run)
    assert [page.pixels.shape for page in pages] == [(HEIGHT, WIDTH, 3)] * 3
    middle = middle_slice(findings.segmentation) + 1
    for number in (middle - 1, middle, middle + 1):
        assert f"sagittal slice {number} of 9 from the left" in drawn_words.sentences()
    assert not np.array_equal(pages[0].pixels, pages[1].pixels)


def test_levels_and_what_becomes_of_each_disc_stand_on_every_page(
    findings, references, run, drawn_words
):
    compose_key_pictures(findings, references, run)
    page = drawn_words.sentences()
    for words in (
        "L4/L5",
        "Pfirrmann 3→4 worse · P(worse) 66%",
        "Bulging 1→0 better · P(worse) 66%",
        "Schneiderman 3→3 cannot worsen",
        "not given: DISC_OUT_OF_FIELD",
        "Schneiderman not given: MODEL_NOT_VALIDATED",
        "RESEARCH USE ONLY",
        "6 vertebrae found.",
    ):
        assert page.count(words) >= 3, words


def test_state_of_a_disc_stands_at_its_height(with_gradings, references, run, drawn_words):
    compose_key_pictures(with_gradings, references, run)
    tops = {}
    for words, box in drawn_words:
        if words in ("L3/L4", "L4/L5", "L5/S1"):
            tops.setdefault(words, box[1])
    levels = {words: box[1] for words, box in drawn_words if words in ("L3", "L4", "L5")}
    assert levels["L3"] < tops["L3/L4"] < tops["L4/L5"] < tops["L5/S1"]
    assert tops["L3/L4"] < levels["L5"]


def test_nothing_is_written_over_anything_else(findings, references, run, drawn_words):
    first, *_ = compose_key_pictures(findings, references, run)
    boxes = [line.box for line in first.lines]
    for number, (left, top, right, bottom) in enumerate(boxes):
        assert right <= WIDTH
        assert bottom <= HEIGHT
        for other in boxes[:number]:
            apart = right <= other[0] or other[2] <= left or bottom <= other[1] or other[3] <= top
            assert apart, (first.lines[number].words, other)


def test_lowered_evidence_is_said(findings, references, run, drawn_words):
    compose_key_pictures(findings, references, dataclasses.replace(run, demonstration=True))
    assert drawn_words.sentences().count(DEMONSTRATION_NOTICE) == 3


def test_unsure_level_names_are_said(with_cautions, references, run, drawn_words):
    compose_key_pictures(with_cautions, references, run)
    assert "LEVEL NAMES UNCERTAIN" in drawn_words.sentences()


def test_without_a_segmentation_there_is_none(out_of_scope, references, run):
    assert compose_key_pictures(out_of_scope, references, run) == ()


def test_blocks_move_apart_and_stay_on_the_page():
    assert _spread([10, 20, 90], [30, 30, 30], (0, 200)) == [10, 40, 90]
    assert _spread([-5, 180], [30, 30], (0, 200)) == [0, 170]
    assert _spread([150, 160, 170], [30, 30, 30], (0, 200)) == [110, 140, 170]


@pytest.mark.parametrize(("case", "count"), [("findings", 3), ("with_everything", 5)])
def test_pages_of_discs_and_heat_follow_the_slices(case, count, written):
    made = written(case, kinds=frozenset({Kind.KEY_PICTURES})).outcome.written
    pictures = [dcmread(path).pixel_array for path in made]
    assert len(pictures) == count
    for picture in pictures:
        assert (picture[-1, -1] == BACKGROUND).all()
    assert len({picture.tobytes() for picture in pictures}) == count
