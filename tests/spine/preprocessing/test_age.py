import numpy as np
import pytest

from spine.imaging.volume import LabelMap, Volume
from spine.preprocessing.age import AgeSpec, age_input, dilated_mask


def affine(spacing):
    matrix = np.diag([*spacing, 1.0])
    matrix[:3, 3] = (-20, 30, -100)
    return matrix


def spine(shape=(7, 40, 60), spacing=(4.0, 1.5, 1.2)):
    data = np.random.default_rng(0).uniform(50, 100, size=shape).astype(np.float32)
    labels = np.zeros(shape, dtype=np.uint8)
    labels[2:5, 18:24, 4:56] = 45
    return Volume(data, affine(spacing)), LabelMap(labels, affine(spacing))


def test_defaults_are_the_box_of_the_paper():
    spec = AgeSpec()

    assert spec.network_shape == (1, 384, 793, 14)
    assert spec.spacing_mm == (3.0, 0.9, 0.9)


def test_axes_are_channel_anterior_superior_right():
    volume, labels = spine()
    spec = AgeSpec(spacing_mm=(4.0, 1.5, 1.2), shape=(9, 44, 70), dilation_mm=0)

    box = age_input(volume, labels, spec)

    assert box.shape == (1, 44, 70, 9)
    expected = (volume.data * (labels.data > 0)).transpose(1, 2, 0)
    padded = box[0, 2:-2, 5:-5, 1:-1]
    np.testing.assert_allclose(
        padded * np.median(volume.data[labels.data > 0]), expected, rtol=1e-4
    )


def test_only_the_dilated_spine_is_seen():
    volume, labels = spine()
    changed = volume.data.copy()
    far = ~dilated_mask(labels, 4.0)
    changed[far] *= 50
    spec = AgeSpec(spacing_mm=(3.0, 1.8, 1.8), shape=(10, 40, 50), dilation_mm=4.0)

    np.testing.assert_array_equal(
        age_input(volume, labels, spec), age_input(Volume(changed, volume.affine), labels, spec)
    )


def test_gain_of_the_scanner_cancels():
    volume, labels = spine()
    louder = Volume(volume.data * np.float32(7.5), volume.affine)
    spec = AgeSpec(spacing_mm=(3.0, 1.8, 1.8), shape=(10, 40, 50))

    np.testing.assert_allclose(
        age_input(volume, labels, spec), age_input(louder, labels, spec), rtol=1e-5
    )


def test_mask_grows_by_millimeters_along_every_axis():
    labels = np.zeros((9, 21, 25), dtype=np.uint8)
    labels[4, 10, 12] = 45

    mask = dilated_mask(LabelMap(labels, affine((3.0, 1.0, 0.5))), 3.0)

    spans = [np.ptp(indices) + 1 for indices in np.nonzero(mask)]
    assert spans == [3, 7, 13]


def test_mask_at_the_border_is_not_lost():
    labels = np.zeros((4, 8, 8), dtype=np.uint8)
    labels[0, 0, 0] = 45

    mask = dilated_mask(LabelMap(labels, affine((3.0, 1.0, 1.0))), 2.0)

    assert mask[0, 2, 0]
    assert mask.sum() == 6


def test_no_labels_is_an_error():
    volume, labels = spine()
    empty = LabelMap(np.zeros_like(labels.data), labels.affine)

    with pytest.raises(ValueError, match="labeled"):
        age_input(volume, empty, AgeSpec())
