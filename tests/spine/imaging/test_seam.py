import numpy as np
import pytest

from phantom.stations import recontrasted, shaded
from spine.imaging.seam import seam
from spine.imaging.volume import Volume
from tests.spine.imaging.parts import body


@pytest.fixture(scope="module")
def image():
    return body(shape=(7, 40, 30))


def test_planted_gain_is_found(image):
    found = seam(image, Volume(image.data * np.float32(0.4), image.affine))
    assert found.gain == pytest.approx(2.5)
    assert found.slope == pytest.approx(1)
    assert found.difference == pytest.approx(0, abs=1e-6)


def test_less_contrast_shows_as_a_slope(image):
    assert seam(image, recontrasted(image, 0.5)).slope > 1.3
    assert seam(recontrasted(image, 0.5), image).slope < 1 / 1.3


def test_shading_leaves_a_difference(image):
    assert seam(image, shaded(image, 0.8)).difference > 0.2


def test_dark_image_has_no_gain(image):
    assert np.isnan(seam(image, Volume(np.zeros_like(image.data), image.affine)).gain)
