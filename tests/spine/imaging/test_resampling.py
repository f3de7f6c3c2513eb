"""Resampling moves no structure in the world."""

import numpy as np
import pytest

from spine.imaging.resampling import centered_grid, resample, resample_labels
from spine.imaging.volume import LabelMap, Volume


def _blob(oblique: Volume) -> tuple[Volume, np.ndarray]:
    index = np.stack(np.indices(oblique.data.shape), axis=-1)
    world = oblique.grid.world_from_index(index)
    center = oblique.grid.world_from_index(np.array([2.6, 9.3, 14.8]))
    data = np.exp(-((world - center) ** 2).sum(axis=-1) / (2 * 3.0**2))
    return Volume(data.astype(np.float32), oblique.affine), center


def _centroid(volume: Volume) -> np.ndarray:
    index = np.stack(np.indices(volume.data.shape), axis=-1).reshape(-1, 3)
    world = volume.grid.world_from_index(index)
    return np.average(world, axis=0, weights=volume.data.ravel())


def test_a_blob_stays_within_a_tenth_of_a_millimeter(oblique):
    volume, center = _blob(oblique)
    coarser = resample(volume, centered_grid(volume.grid, (14, 30, 40), (1.5, 1.1, 1.1)))
    np.testing.assert_allclose(_centroid(coarser), center, atol=0.1)


def test_the_centered_grid_shares_center_and_axes(oblique):
    grid = centered_grid(oblique.grid, (7, 11, 13), (3.0, 1.0, 2.0))
    middle = oblique.grid.world_from_index((np.array([6, 20, 31]) - 1) / 2)
    np.testing.assert_allclose(grid.world_from_index((np.array([7, 11, 13]) - 1) / 2), middle)
    np.testing.assert_allclose(grid.spacing_mm, (3.0, 1.0, 2.0))


def test_the_same_grid_returns_the_same_values(oblique):
    np.testing.assert_allclose(resample(oblique, oblique.grid).data, oblique.data, atol=1e-5)


def test_labels_are_never_mixed(oblique):
    labels = LabelMap((oblique.data * 45).astype(np.uint8), oblique.affine)
    finer = resample_labels(labels, centered_grid(labels.grid, (12, 40, 62), (1.65, 0.45, 0.35)))
    assert set(np.unique(finer.data)) == {0, 45}


def test_beyond_the_source_lies_the_given_value(oblique):
    larger = resample(oblique, centered_grid(oblique.grid, (20, 60, 80), (3.3, 0.9, 0.7)), -1.0)
    assert larger.data[0, 0, 0] == pytest.approx(-1.0)
