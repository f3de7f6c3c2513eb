from itertools import pairwise

import numpy as np
import pytest

from phantom.stations import StationPlan, cut_stations, mirrored, moved, recontrasted, shaded
from spine.imaging.volume import Volume


@pytest.fixture(scope="module")
def whole():
    """A slope along every axis: what a voxel shows tells where it is."""
    i, j, k = np.indices((5, 30, 100)).astype(np.float32)
    affine = np.diag([4.0, 2.0, 3.0, 1.0])
    affine[:3, 3] = [-8, -30, -150]
    return Volume(100 + 20 * i + 3 * j + 7 * k, affine)


def rng():
    return np.random.default_rng(0)


def seen(volume, index):
    return float(volume.data[tuple(index)]), volume.grid.world_from_index(np.array(index))


@pytest.mark.parametrize(("count", "heights"), [(2, [60, 60]), (3, [47, 47, 47])])
def test_stations_overlap_as_planned_and_lie_where_they_were(whole, count, heights):
    parts = cut_stations(whole, StationPlan(count, overlap_mm=60), rng())

    assert [part.data.shape[2] for part in parts] == heights
    tops = [
        part.grid.world_from_index(np.array([0, 0, part.data.shape[2] - 1]))[2] for part in parts
    ]
    assert tops == sorted(tops, reverse=True)
    for upper, lower in pairwise(parts):
        top = lower.affine[2, 3] + 3 * (lower.data.shape[2] - 1)
        assert top - upper.affine[2, 3] + 3 == pytest.approx(60, abs=3)
    for part in parts:
        value, world = seen(part, (3, 8, 20))
        index = np.round(whole.grid.index_from_world(world)).astype(int)
        assert value == whole.data[tuple(index)]


def test_between_pixels_a_place_still_shows_what_it_is(whole):
    _, lower = cut_stations(whole, StationPlan(2, 60, offset_pixels=0.4), rng())

    value, world = seen(lower, (2, 12, 30))

    i, j, k = whole.grid.index_from_world(world)
    assert (j % 1, k % 1) == pytest.approx((0.6, 0.6))
    assert value == pytest.approx(100 + 20 * i + 3 * j + 7 * k, abs=0.5)


def test_gain_falloff_and_noise_belong_to_each_station(whole):
    plan = StationPlan(2, 60, gains=(2.0, 0.5), falloff=0.4)
    upper, lower = cut_stations(whole, plan, rng())
    plain = cut_stations(whole, StationPlan(2, 60), rng())

    for part, source, gain, cut in zip((upper, lower), plain, (2.0, 0.5), (0, -1), strict=True):
        ratio = (part.data / source.data)[0, 0] / gain
        assert ratio[30] == pytest.approx(1, rel=0.05)
        assert ratio[cut] == pytest.approx(0.6)
        # The other end is one of the whole.
        assert ratio[-1 - cut] == pytest.approx(1, rel=0.01)
    noisy = cut_stations(whole, StationPlan(2, 60, noise=0.05), rng())
    differences = [(a.data - b.data) for a, b in zip(noisy, plain, strict=True)]
    spread = [
        item.std() / np.percentile(part.data, 95)
        for item, part in zip(differences, plain, strict=True)
    ]
    assert spread == pytest.approx([0.05, 0.05], rel=0.1)
    assert abs(np.corrcoef(differences[0].ravel(), differences[1].ravel())[0, 1]) < 0.05


def test_volume_too_short_for_its_stations_is_refused(whole):
    with pytest.raises(ValueError, match="too short"):
        cut_stations(whole, StationPlan(2, overlap_mm=200), rng())


def test_patient_moved_up_shows_at_a_place_what_lay_below(whole):
    shifted = moved(whole, (0, 0, 6))
    value, _ = seen(whole, (2, 15, 50))
    assert shifted.data[2, 15, 52] == pytest.approx(value, abs=0.5)
    assert np.array_equal(shifted.affine, whole.affine)


def test_turn_keeps_the_middle_and_moves_the_ends(whole):
    turned = moved(whole, (0, 0, 0), turn_degrees=3)
    assert turned.data[2, 15, 50] == pytest.approx(whole.data[2, 15, 50], abs=2)
    # 3 degrees over 120 mm are 6.3 mm, three voxels from front to back.
    assert abs(turned.data[2, 15, 90] - whole.data[2, 15, 90]) == pytest.approx(9.4, abs=1.5)


def test_mirrored_station_keeps_its_grid(whole):
    assert np.array_equal(mirrored(whole, 2).data[:, :, 0], whole.data[:, :, -1])
    assert mirrored(whole).grid.matches(whole.grid)


def test_other_contrast_keeps_the_order_of_brightness(whole):
    other = recontrasted(whole, 0.5).data
    assert other.max() == pytest.approx(whole.data.max())
    assert other.min() / other.max() == pytest.approx((whole.data.min() / whole.data.max()) ** 0.5)


def test_shading_grows_from_back_to_front(whole):
    ratio = shaded(whole, 0.8).data / whole.data
    assert (ratio[2, 0, 4], ratio[2, -1, 4]) == pytest.approx((1, 0.2))
