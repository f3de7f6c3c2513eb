import numpy as np
import pytest

from spine.preprocessing.stock import (
    Normalization,
    SplineSettings,
    StockChannel,
    StockLabel,
    StockStep,
)
from spine.segmentation.sliding import gaussian_weights, sliding_scores, window_starts


def step(patch, **changes):
    settings = {
        "patch": patch,
        "spacing_mm": (1.0,) * len(patch),
        "transpose": (0, 1, 2),
        "channels": (StockChannel(Normalization.NONE),),
        "image_spline": SplineSettings(3),
        "score_spline": SplineSettings(1),
        "values": (0, 1),
        "by_region": False,
        "mirror_axes": (),
        "labels": (StockLabel(0, "background", 0), StockLabel(1, "disc", 5)),
    }
    return StockStep(**(settings | changes))


def twice(batch):
    """Score every voxel by itself: its intensity, and the negative of that."""
    return np.concatenate([batch, -batch], axis=1)


@pytest.mark.parametrize(
    ("length", "side", "starts"),
    [(10, 10, [0]), (11, 10, [0, 1]), (110, 64, [0, 23, 46]), (20, 8, [0, 4, 8, 12])],
)
def test_windows_reach_both_ends_half_a_window_apart(length, side, starts):
    assert window_starts(length, side) == starts


def test_weights_peak_in_the_middle_and_vanish_nowhere():
    weights = gaussian_weights((4, 9))
    assert weights[2, 4] == weights.max() == 10
    assert weights.min() > 0
    # sigma is an eighth of a side: one sigma from the middle lies exp(-1/2).
    assert gaussian_weights((64,))[40] == pytest.approx(10 * np.exp(-0.5), abs=0.01)


@pytest.mark.parametrize("patch", [(4, 6, 8), (6, 8)])
@pytest.mark.parametrize("shape", [(9, 13, 17), (3, 5, 7)])
def test_a_network_of_single_voxels_gives_each_voxel_its_own_score(patch, shape):
    # Powers of two: in half precision they lose nothing to the smallest weights.
    data = np.random.default_rng(1).choice([-2.0, -1.0, 1.0, 4.0], size=(1, *shape))
    data = data.astype(np.float32)
    scores = sliding_scores(data, twice, step(patch))
    np.testing.assert_allclose(scores, twice(data[None])[0], atol=0.01)


def test_mirrored_passes_are_averaged_over_every_combination():
    seen = []

    def first_row(batch):
        """Score a voxel by the patch's corner, which every mirroring moves."""
        seen.append(float(batch[0, 0, 0, 0, 0]))
        return np.full((1, 2, *batch.shape[2:]), seen[-1], np.float32)

    data = np.array([0, 1, 2, 2, 3, 4, 6, 7], dtype=np.float32).reshape(1, 2, 2, 2)
    scores = sliding_scores(data, first_row, step((2, 2, 2), mirror_axes=(0, 2)))
    assert sorted(seen) == [0, 1, 3, 4]
    np.testing.assert_allclose(scores, 2)
