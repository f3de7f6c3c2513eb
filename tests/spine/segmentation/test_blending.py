import numpy as np

from spine.anatomy.labels import FineClass
from spine.segmentation.blending import blend
from spine.segmentation.windows import Window

SHAPE = (40, 30)


def constant(value, height=8, width=6):
    scores = np.zeros((7, height, width), np.float32)
    scores[FineClass.DISC] = value
    return scores


def windows(*starts):
    return [Window(row, column, (0,)) for row, column in starts]


def test_one_window_comes_back_as_it_is():
    scores = np.random.default_rng(0).normal(size=(1, 7, 8, 6)).astype(np.float32)

    blended = blend(scores, windows((5, 9)))

    assert blended.start == (5, 9)
    np.testing.assert_allclose(blended.scores, scores[0], rtol=1e-5)
    assert blended.covered.all()


def test_windows_that_agree_are_not_changed():
    blended = blend(np.stack([constant(2.5)] * 2), windows((0, 0), (4, 3)))

    np.testing.assert_allclose(blended.scores[FineClass.DISC][blended.covered], 2.5, rtol=1e-6)


def test_between_two_windows_the_closer_center_counts_more():
    blended = blend(np.stack([constant(0.0), constant(1.0)]), windows((0, 0), (4, 0)))

    column = blended.scores[FineClass.DISC][:, 3]
    assert (column[:4] == 0).all()
    assert (column[8:] == 1).all()
    assert (np.diff(column[3:9]) > 0).all()
    # Pixels 4 to 7 of the first are 0 to 3 of the second: sin^2 of 9..15 and 1..7 sixteenths.
    first = np.sin(np.pi * 9 / 16) ** 2
    second = np.sin(np.pi * 1 / 16) ** 2
    np.testing.assert_allclose(column[4], second / (first + second), rtol=1e-5)


def test_between_windows_apart_is_background():
    blended = blend(np.stack([constant(3.0)] * 2), windows((0, 0), (20, 10)))

    assert blended.scores.shape == (7, 28, 16)
    assert (blended.scores.argmax(axis=0) > 0).sum() == 2 * 8 * 6
    assert (blended.scores.argmax(axis=0)[~blended.covered] == FineClass.BACKGROUND).all()


def test_border_of_a_window_inside_the_image_is_its_rim():
    border = blend(constant(1.0)[None], windows((5, 9))).border(SHAPE)

    assert border.sum() == 2 * 8 + 2 * 6 - 4


def test_where_the_image_ends_is_no_border():
    corner = blend(constant(1.0)[None], windows((0, 24))).border(SHAPE)

    # Only the lower side and the left one are left, with their common corner.
    assert corner[-1].all()
    assert corner[:, 0].all()
    assert corner.sum() == 8 + 6 - 1


def test_where_windows_overlap_is_no_border():
    border = blend(np.stack([constant(1.0)] * 2), windows((4, 9), (9, 9))).border(SHAPE)

    assert border.sum() == 2 * 13 + 2 * 6 - 4


def test_windows_over_the_whole_image_have_no_border():
    scores = np.stack([constant(1.0, 40, 20)] * 2)

    assert not blend(scores, windows((0, 0), (0, 10))).border(SHAPE).any()
