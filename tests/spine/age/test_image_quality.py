from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from spine.age.image_quality import artifact_refusal, image_quality
from spine.errors import Code, Refusal
from spine.imaging.volume import LabelMap, Volume
from spine.inference.models import ImageLimits
from tests.spine.age.planted import ask, model, segmentation

# Slices of 4 mm, pixels of 0.9 by 0.8 mm.
AFFINE = np.diag([4.0, 0.9, 0.8, 1.0])
SHAPE = (6, 60, 90)


def labels(affine=AFFINE):
    found = np.zeros(SHAPE, np.uint8)
    found[1:5, 20:40, 15:75] = 44
    return LabelMap(found, affine)


def textured(seed=0, sigma=1.2, affine=AFFINE):
    """An image of median 100 with structures of about `sigma` pixels."""
    noise = np.random.default_rng(seed).standard_normal(SHAPE)
    smooth = ndimage.gaussian_filter(noise, (0, sigma, sigma))
    return Volume((100 + 25 * smooth / smooth.std()).astype(np.float32), affine)


def spoiled(volume, kind):
    rng = np.random.default_rng(1)
    if kind == "noise":
        data = volume.data + rng.normal(0, 40, SHAPE)
    elif kind == "blur":
        data = ndimage.gaussian_filter(volume.data, (0, 3.0, 3.0))
    else:
        data = 200 - volume.data.clip(0, 200) * 0.3
    return Volume(data.astype(np.float32), volume.affine)


def test_a_plain_image_has_neither_detail_nor_grain():
    flat = Volume(np.full(SHAPE, 100, np.float32), AFFINE)

    found = image_quality(flat, labels())

    assert found.detail == pytest.approx(0, abs=1e-6)
    assert found.grain == pytest.approx(0, abs=0.2)


def test_a_wave_keeps_of_its_height_what_both_filters_differ_by():
    """A Gaussian of s mm lets exp(-2 (pi s / L)^2) of a wave of L mm through."""
    length_mm = 7.3  # not a whole number of pixels, whose samples would favor some heights
    phase = 2 * np.pi * np.arange(SHAPE[2]) * 0.8 / length_mm
    wave = Volume(np.tile(100 + 30 * np.sin(phase), (*SHAPE[:2], 1)).astype(np.float32), AFFINE)

    found = image_quality(wave, labels())

    through = [np.exp(-2 * (np.pi * sigma / length_mm) ** 2) for sigma in (0.7, 1.4)]
    # The mean of |sin| is 2 / pi.
    detail = 30 * (through[0] - through[1]) * 2 / np.pi / 100
    assert found.detail == pytest.approx(detail, rel=0.03)
    assert found.grain == pytest.approx((1 - through[0]) / (through[0] - through[1]), rel=0.05)


def test_noise_raises_grain_and_blur_or_lost_contrast_lower_detail():
    plain = image_quality(textured(), labels())

    assert image_quality(spoiled(textured(), "noise"), labels()).grain > 1.5 * plain.grain
    assert image_quality(spoiled(textured(), "blur"), labels()).detail < 0.5 * plain.detail
    assert image_quality(spoiled(textured(), "contrast"), labels()).detail < 0.5 * plain.detail


def test_brightness_changes_nothing():
    brighter = Volume(7 * textured().data, AFFINE)

    found, plain = image_quality(brighter, labels()), image_quality(textured(), labels())

    assert found.detail == pytest.approx(plain.detail, rel=1e-4)
    assert found.grain == pytest.approx(plain.grain, rel=1e-4)


def test_what_lies_off_the_spine_does_not_count():
    loud = textured().data.copy()
    loud[:, :5] = 5_000
    loud[:, 55:] = 0

    found = image_quality(Volume(loud, AFFINE), labels())

    assert found.detail == pytest.approx(image_quality(textured(), labels()).detail, rel=1e-4)


def test_the_box_around_the_spine_loses_nothing():
    whole = LabelMap(np.ones(SHAPE, np.uint8), AFFINE)
    image, spine = textured(), labels().data > 0

    fine, coarse = (ndimage.gaussian_filter(image.data, (0, s / 0.9, s / 0.8)) for s in (0.7, 1.4))
    detail = np.abs(fine - coarse)[spine].mean() / np.median(image.data[spine])

    assert image_quality(image, labels()).detail == pytest.approx(detail, rel=1e-3)
    assert image_quality(image, whole).detail != pytest.approx(detail, rel=1e-6)


@pytest.mark.parametrize(
    ("limits", "word"),
    [(ImageLimits(9.0, 9.0, 50), "blurred"), (ImageLimits(1e-4, 1e-4, 50), "noisy")],
)
def test_beyond_a_limit_the_refusal_says_what_is_wrong(limits, word):
    found = artifact_refusal(textured(), labels(), limits, "age")

    assert (found.code, found.subject) == (Code.IMAGE_ARTIFACT, "age")
    assert word in found.reason


def test_within_the_limits_and_without_any_nothing_is_refused():
    assert artifact_refusal(textured(), labels(), ImageLimits(1e-4, 9.0, 50), "age") is None
    assert artifact_refusal(textured(), labels(), None, "age") is None


def test_an_image_that_is_not_finite_is_refused_not_passed():
    broken = textured().data.copy()
    broken[3, 30, 40] = np.nan

    found = artifact_refusal(Volume(broken, AFFINE), labels(), ImageLimits(1e-4, 9.0, 50), "age")

    assert isinstance(found, Refusal)


def test_a_spoiled_image_has_no_age_and_the_network_is_not_asked():
    strict = replace(model(), image_limits=ImageLimits(1e6, 9.0, 50))

    found = ask(model=strict)

    assert (found.code, found.subject) == (Code.IMAGE_ARTIFACT, "age")
    assert strict.network.body.batches == []


def test_an_image_within_the_limits_has_one():
    lenient = replace(model(), image_limits=ImageLimits(1e-9, 1e9, 50))

    assert not isinstance(ask(model=lenient, segmentation=segmentation()), Refusal)
