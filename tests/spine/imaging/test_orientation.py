"""A known world point survives every reorientation."""

import itertools

import numpy as np
import pytest

from spine.imaging.orientation import canonical, is_canonical
from spine.imaging.volume import Volume


def _reoriented(volume: Volume, axes: tuple[int, ...], flips: tuple[bool, ...]) -> Volume:
    """The same voxels in the same places, stored in another order."""
    data, affine = volume.data.transpose(axes), volume.affine[:, [*axes, 3]].copy()
    for axis, flip in enumerate(flips):
        if flip:
            affine[:, 3] += affine[:, axis] * (data.shape[axis] - 1)
            affine[:, axis] *= -1
            data = np.flip(data, axis)
    return Volume(np.ascontiguousarray(data), affine)


@pytest.mark.parametrize("axes", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("flips", list(itertools.product([False, True], repeat=3)))
def test_every_storage_order_returns_to_the_same_volume(oblique, axes, flips):
    restored = canonical(_reoriented(oblique, axes, flips))
    assert is_canonical(restored.affine)
    np.testing.assert_array_equal(restored.data, oblique.data)
    np.testing.assert_allclose(restored.affine, oblique.affine, atol=1e-9)


def test_a_flipped_volume_is_not_canonical(oblique):
    assert not is_canonical(_reoriented(oblique, (0, 1, 2), (True, False, False)).affine)
