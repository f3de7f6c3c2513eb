import numpy as np
import pytest

from spine.imaging.axes import centered_positions, interpolate, linear_weights


def test_samples_of_half_the_step_lie_on_both_sides_of_the_center():
    np.testing.assert_allclose(centered_positions(4, 1.0, 2, 2.0), [-0.25, 0.25, 0.75, 1.25])


def test_a_ramp_stays_a_ramp_and_the_edges_repeat():
    ramp = np.arange(5, dtype=np.float32)[None].repeat(2, axis=0)

    found = interpolate(ramp, linear_weights(np.array([-0.4, 0.25, 3.5, 4.4]), 5), 1)

    np.testing.assert_allclose(found, [[0, 0.25, 3.5, 4.0]] * 2)


def test_a_sample_is_inside_as_far_as_its_voxel_reaches():
    weights = linear_weights(np.array([-0.6, -0.4, 4.4, 4.6]), 5)

    assert weights.inside.tolist() == [False, True, True, False]


def test_equal_grids_are_copied_though_their_spacings_differ_by_a_rounding():
    weights = linear_weights(centered_positions(7, 0.9, 7, np.sqrt(0.81)), 7)

    assert not weights.share.any()
    assert weights.lower.tolist() == list(range(7))


@pytest.mark.parametrize(("position", "nearest"), [(1.4, 1), (1.6, 2), (-0.3, 0)])
def test_the_nearest_sample_is_the_closer_neighbor(position, nearest):
    assert linear_weights(np.array([position]), 4).nearest.tolist() == [nearest]
