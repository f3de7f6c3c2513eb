import numpy as np
import pytest
import torch

from research.training.age_augmentation import (
    GAIN,
    HOLE_MM,
    augmentation,
    eroded,
    with_hole,
)
from spine.preprocessing.age import AgeSpec

SPEC = AgeSpec(spacing_mm=(3.0, 1.8, 1.8), shape=(14, 192, 396))


def block():
    spine = torch.zeros(1, 40, 60, 6)
    spine[:, 10:30, 20:50, 1:5] = 1.0
    return spine


@pytest.mark.parametrize("voxels", [1, 3])
def test_erosion_takes_the_rim_in_plane_and_no_slice(voxels):
    left = eroded(block(), voxels)

    expected = torch.zeros_like(left)
    expected[:, 10 + voxels : 30 - voxels, 20 + voxels : 50 - voxels, 1:5] = 1.0
    assert torch.equal(left, expected)


def test_a_hole_is_a_box_of_limited_size_and_the_input_stays():
    spine = torch.ones(1, 40, 60, 14)
    for seed in range(20):
        holed = with_hole(spine, SPEC, np.random.default_rng(seed))
        places = torch.nonzero(holed[0] == 0)
        extent = places.amax(0) - places.amin(0) + 1
        assert int(extent.prod()) == len(places) > 0
        assert (extent.float() * torch.tensor([1.8, 1.8, 3.0]) <= HOLE_MM + 3.0).all()
    assert bool(spine.all())


def test_augmentation_is_reproducible_keeps_the_shape_and_the_scale():
    spine = torch.rand(1, 40, 60, 14) + 1
    change = augmentation(SPEC)

    first, again, other = (change(spine, np.random.default_rng(seed)) for seed in (4, 4, 5))

    assert torch.equal(first, again)
    assert first.shape == spine.shape
    assert first.dtype == torch.float32
    assert not torch.equal(first, other)
    assert float(first.max()) <= 2 * (1 + GAIN)
    assert bool((spine > 0).all())
