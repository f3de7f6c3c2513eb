import numpy as np
import pytest

from research.validation.segmentation.overlap import dice, surface_distance_mm


def test_dice_of_a_hand_computed_case():
    first = np.array([True, True, False, False])
    second = np.array([True, False, True, False])
    assert dice(first, second) == pytest.approx(0.5)
    assert np.isnan(dice(first & False, second & False))


def test_planes_two_slices_apart_are_two_spacings_apart():
    first, second = np.zeros((2, 9, 12, 14), dtype=bool)
    first[2], second[4] = True, True
    assert surface_distance_mm(first, second, (3.0, 0.9, 0.5)) == pytest.approx(6.0)
    assert surface_distance_mm(first, first, (3.0, 0.9, 0.5)) == 0


def test_distance_follows_the_axis_on_which_masks_lie_apart():
    first, second = np.zeros((2, 9, 12, 14), dtype=bool)
    first[:, :, 3], second[:, :, 8] = True, True
    assert surface_distance_mm(first, second, (3.0, 0.9, 0.5)) == pytest.approx(2.5)


def test_a_mask_that_is_not_there_is_infinitely_far():
    mask = np.ones((3, 3, 3), dtype=bool)
    assert surface_distance_mm(mask, ~mask, (1.0, 1.0, 1.0)) == float("inf")
