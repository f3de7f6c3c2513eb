import numpy as np
import pytest

from phantom.stations import mirrored, moved
from spine.imaging.matching import displacement, likeness
from spine.imaging.volume import Volume
from tests.spine.imaging.parts import body


@pytest.fixture(scope="module")
def image():
    return body(shape=(7, 40, 30))


def test_image_is_like_itself_at_any_gain(image):
    assert likeness(image, image) == pytest.approx(1)
    assert likeness(image, Volume(image.data * np.float32(3) + 5, image.affine)) > 0.999


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_mirrored_image_is_not(image, axis):
    assert likeness(image, mirrored(image, axis)) < 0.4


@pytest.mark.parametrize("shift_mm", [(4, 0, 0), (0, 6, 0), (0, 0, 6)])
def test_likeness_falls_with_a_shift_along_any_axis(image, shift_mm):
    assert likeness(image, moved(image, shift_mm)) < 0.8


def test_image_without_edges_is_like_nothing(image):
    assert likeness(image, Volume(np.ones_like(image.data), image.affine)) == 0


@pytest.mark.parametrize("shift_mm", [(0, 3, 0), (0, 0, -5), (0, -2, 4)])
def test_planted_shift_is_found(image, shift_mm):
    found = displacement(image, moved(image, shift_mm))
    assert found.shift_mm == pytest.approx(np.linalg.norm(shift_mm), abs=0.4)
    assert found.turn_degrees < 0.7
    assert found.likeness > likeness(image, moved(image, shift_mm))


def test_planted_turn_is_found(image):
    found = displacement(image, moved(image, (0, 0, 0), turn_degrees=3))
    assert found.turn_degrees == pytest.approx(3, abs=0.5)


def test_same_images_give_the_same_motion(image):
    other = moved(image, (0, 2, 1))
    assert displacement(image, other) == displacement(image, other)


def test_nothing_to_compare_is_told_as_infinitely_far(image):
    blank = Volume(np.zeros_like(image.data), image.affine)
    assert not displacement(image, blank).likeness > 0
