import numpy as np
import pytest

from spine.preprocessing.splines import resized
from spine.preprocessing.stock import (
    Normalization,
    SplineSettings,
    StockChannel,
    StockLabel,
    StockStep,
)
from spine.preprocessing.stock_arrays import stock_input, values_from_scores

SPACING = (4.0, 1.0, 2.0)
CUBIC = SplineSettings(3)


def step(**changes):
    settings = {
        "patch": (2, 2, 2),
        # Of (right, superior, anterior), which this transposition makes of nnU-Net's order.
        "spacing_mm": (4.0, 2.0, 1.0),
        "transpose": (2, 0, 1),
        "channels": (StockChannel(Normalization.NONE),),
        "image_spline": CUBIC,
        "score_spline": SplineSettings(1),
        "values": (0, 1, 2),
        "by_region": False,
        "mirror_axes": (),
        "labels": tuple(StockLabel(n, str(n), n) for n in range(3)),
    }
    return StockStep(**(settings | changes))


def image(shape=(3, 4, 5)):
    return np.random.default_rng(2).uniform(1, 9, size=(1, *shape)).astype(np.float32)


def test_axes_are_those_of_the_plans():
    data = image()
    source = stock_input(data, SPACING, step())
    # (right, anterior, superior) -> (right, superior, anterior)
    np.testing.assert_array_equal(source.data, data.transpose(0, 1, 3, 2))
    assert source.spacing_mm == (4.0, 2.0, 1.0)


def test_scores_of_each_voxel_come_back_to_its_place():
    data = image()
    source = stock_input(data, SPACING, step())
    wanted = (data[0] > 5).astype(np.uint8) + (data[0] > 7)
    scores = np.stack([(source.data[0] > 5).astype(int) + (source.data[0] > 7) == n
                       for n in range(3)]).astype(np.float32)  # fmt: skip
    np.testing.assert_array_equal(values_from_scores(scores, source, step()), wanted)


def test_later_regions_are_painted_over_earlier_ones():
    source = stock_input(image(), SPACING, step())
    regions = step(values=(1, 2), by_region=True)
    scores = np.full((2, *source.data.shape[1:]), 5.0, np.float32)
    scores[1, 0] = -0.1
    values = values_from_scores(scores, source, regions)
    assert (values[0] == 1).all()
    assert (values[1:] == 2).all()
    assert not values_from_scores(-abs(scores), source, regions).any()


def test_zeros_around_the_image_are_cut_off_and_come_back_as_background():
    data = image((5, 6, 7))
    data[:, :2] = 0
    data[:, :, :, -1] = 0
    source = stock_input(data, SPACING, step())
    assert source.data.shape == (1, 3, 6, 6)
    scores = np.stack([np.zeros_like(source.data[0]), np.ones_like(source.data[0])])
    values = values_from_scores(np.concatenate([scores, scores[:1]]), source, step())
    np.testing.assert_array_equal(values > 0, data[0] > 0)


def test_mean_and_sd_are_those_of_what_is_inside_where_the_plans_say_so():
    data = image((4, 6, 6))
    data[0, 0, 0, 0] = data[0, 0, 0, 1] = 0
    inside = data[0] != 0
    for masked in (False, True):
        channel = StockChannel(Normalization.Z_SCORE, masked)
        found = stock_input(data, SPACING, step(channels=(channel,))).data[0].transpose(0, 2, 1)
        of = data[0][inside] if masked else data[0]
        expected = (data[0] - of.mean()) / of.std()
        np.testing.assert_allclose(found[inside], expected[inside], atol=1e-5)
        assert (found[0, 0, 0] == 0) == masked


def test_other_normalizations_follow_their_formulas():
    data = image()
    ct = StockChannel(Normalization.CT, intensities=(4.0, 2.0, 3.0, 6.0))
    found = stock_input(data, SPACING, step(channels=(ct,))).data
    np.testing.assert_allclose(
        found[0].transpose(0, 2, 1), (np.clip(data[0], 3, 6) - 4) / 2, rtol=1e-5
    )
    rescaled = StockChannel(Normalization.RESCALE)
    found = stock_input(data, SPACING, step(channels=(rescaled,))).data
    assert (found.min(), found.max()) == (0, 1)


@pytest.mark.parametrize("intensities", [None, (1.0, 1.0, 0.0, 2.0)])
def test_intensities_belong_to_ct_alone(intensities):
    scheme = Normalization.CT if intensities is None else Normalization.Z_SCORE
    with pytest.raises(ValueError, match="CT"):
        StockChannel(scheme, intensities=intensities)


def test_a_line_of_voxels_is_interpolated_with_borders_aligned():
    line = np.arange(4, dtype=np.float32).reshape(1, 1, 4)
    found = resized(line, (1, 1, 8), ((1, 1, 2), (1, 1, 1)), SplineSettings(1))
    # Half-size voxels lie a quarter of a voxel beside the old centers; the rim is held.
    np.testing.assert_allclose(found[0, 0], [0, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3], atol=1e-6)


def test_thick_slices_are_taken_whole_and_not_mixed():
    data = np.zeros((3, 4, 4), np.float32)
    data[1] = 6
    thick, thin = (9.0, 1.0, 1.0), (4.5, 1.0, 1.0)
    apart = resized(data, (6, 4, 4), (thick, thin), CUBIC)
    assert set(np.unique(apart)) == {0, 6}
    mixed = resized(data, (6, 4, 4), ((2.0, 1.0, 1.0), (1.0, 1.0, 1.0)), CUBIC)
    assert len(np.unique(mixed)) > 2
    forced = resized(data, (6, 4, 4), (thick, thin), SplineSettings(3, apart=False))
    np.testing.assert_array_equal(forced, mixed)


def test_splines_never_reach_beyond_the_image():
    data = image()[0]
    found = resized(data, (7, 9, 11), ((2, 2, 2), (1, 1, 1)), CUBIC)
    assert data.min() <= found.min() <= found.max() <= data.max()


@pytest.mark.parametrize(
    "change",
    [
        {"patch": (2, 2)},
        {"transpose": (0, 0, 1)},
        {"mirror_axes": (3,)},
        {"values": (0, 1)},
        {"spacing_mm": (1.0, 0.0, 1.0)},
    ],
)
def test_a_step_that_contradicts_itself_is_refused(change):
    with pytest.raises(ValueError, match=r".+"):
        step(**change)
