"""Grids: index and world are inverse to each other."""

import numpy as np
import pytest

from spine.imaging.volume import Grid, LabelMap, Volume


def test_index_and_world_are_inverse(oblique):
    index = np.array([[4.0, 13.0, 22.0], [0.5, 1.25, 30.0]])
    world = oblique.grid.world_from_index(index)
    np.testing.assert_allclose(oblique.grid.index_from_world(world), index, atol=1e-9)


def test_spacing_comes_from_the_affine(oblique):
    np.testing.assert_allclose(oblique.grid.spacing_mm, (3.3, 0.9, 0.7))


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        (Volume, np.zeros((2, 2, 2))),
        (Volume, np.zeros((2, 2), np.float32)),
        (LabelMap, np.zeros((2, 2, 2), np.int16)),
    ],
)
def test_another_type_or_rank_is_refused(kind, data):
    with pytest.raises(ValueError, match="expected 3D"):
        kind(data, np.eye(4))


def test_an_affine_of_another_size_is_refused():
    with pytest.raises(ValueError, match="affine"):
        Grid((1, 1, 1), np.eye(3))


def test_grids_match_within_a_micrometer_only(oblique):
    moved = oblique.affine.copy()
    moved[0, 3] += 0.01
    assert oblique.grid.matches(Grid((6, 20, 31), oblique.affine.copy()))
    assert not oblique.grid.matches(Grid((6, 20, 31), moved))
