import numpy as np
import pytest

from spine.imaging.volume import LabelMap, Volume
from spine.preprocessing.segmentation import (
    WindowSpec,
    classes_from_scores,
    window_from_classes,
    window_from_volume,
)
from tests.spine.preprocessing.oblique import affine, noise

SPEC = WindowSpec(spacing_mm=(3.0, 2.0, 1.8), shape=(6, 20, 28))


def test_window_axes_are_channel_right_superior_anterior():
    volume = Volume(noise(), affine())

    assert window_from_volume(volume, SPEC).shape == SPEC.network_shape == (1, 6, 28, 20)


def test_bright_voxel_arrives_at_its_world_position():
    data = np.zeros((5, 30, 48), dtype=np.float32)
    data[1, 22, 10] = 1
    volume = Volume(data, affine())

    window = window_from_volume(volume, SPEC)[0]

    right, superior, anterior = np.unravel_index(window.argmax(), window.shape)
    world = SPEC.grid(volume.grid).world_from_index(np.array([right, anterior, superior]))
    true = volume.grid.world_from_index(np.array([1, 22, 10]))
    assert np.abs(world - true).max() < 1.7


def test_normalization_is_that_of_the_whole_image_before_the_crop():
    volume = Volume(noise((5, 30, 48)), affine((3.0, 2.0, 1.8)))
    spec = WindowSpec((3.0, 2.0, 1.8), (5, 10, 12))

    window = window_from_volume(volume, spec)[0]

    whole = (volume.data - volume.data.mean()) / volume.data.std()
    expected = whole[:, 10:20, 18:30].transpose(0, 2, 1)
    np.testing.assert_allclose(window, expected, atol=1e-4)


def test_padding_is_as_dark_as_the_darkest_voxel():
    volume = Volume(noise(), affine())
    large = WindowSpec((3.0, 2.0, 1.8), (20, 60, 80))

    window = window_from_volume(volume, large)

    darkest = (volume.data.min() - volume.data.mean()) / volume.data.std()
    assert window[0, 0, 0, 0] == pytest.approx(darkest, abs=1e-3)


def test_constant_image_stays_finite():
    volume = Volume(np.full((5, 30, 48), 7, dtype=np.float32), affine())

    assert np.isfinite(window_from_volume(volume, SPEC)).all()


def blocks():
    classes = np.zeros((5, 30, 48), dtype=np.uint8)
    classes[:, 8:16, 6:20] = 3
    classes[:3, 16:24, 20:40] = 7
    return LabelMap(classes, affine())


def test_scores_come_back_to_the_voxels_they_were_cut_from():
    classes = blocks()
    spec = WindowSpec((3.3, 1.1, 0.9), (5, 40, 60))
    target = window_from_classes(classes, spec)

    scores = np.eye(9, dtype=np.float32)[target].transpose(3, 0, 1, 2)
    restored = classes_from_scores(scores, spec, classes.grid)

    np.testing.assert_array_equal(restored, classes.data)


def test_coarser_window_restores_all_but_the_edges():
    classes = blocks()
    spec = WindowSpec((3.3, 2.0, 1.8), (5, 20, 30))

    scores = np.eye(9, dtype=np.float32)[window_from_classes(classes, spec)]
    restored = classes_from_scores(scores.transpose(3, 0, 1, 2), spec, classes.grid)

    for value in (3, 7):
        both = ((restored == value) & (classes.data == value)).sum()
        dice = 2 * both / ((restored == value).sum() + (classes.data == value).sum())
        assert dice > 0.9


def test_outside_the_window_is_background():
    classes = blocks()
    small = WindowSpec((3.3, 1.1, 0.9), (3, 10, 10))
    scores = np.zeros((9, 3, 10, 10), dtype=np.float32)
    scores[4] = 1

    restored = classes_from_scores(scores, small, classes.grid)

    assert (restored[1:4, 10:20, 19:29] == 4).all()
    assert (restored > 0).sum() == 300
