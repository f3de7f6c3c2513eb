import numpy as np
import pytest
import torch

from research.training.discs import batches
from research.training.discs.batches import DeviceInputs, augmented, device_of, turned

INPUTS = np.random.default_rng(0).normal(size=(6, 3, 20, 30)).astype(np.float16)


def test_regions_are_taken_by_place_as_float():
    inputs = DeviceInputs(INPUTS, torch.device("cpu"))

    taken = inputs.take(np.array([4, 1]))

    assert taken.dtype == torch.float32
    assert np.array_equal(taken.numpy(), INPUTS[[4, 1]].astype(np.float32))
    assert inputs.shape == (3, 20, 30)


def test_augmented_regions_are_shifted_mirrored_and_changed_in_contrast(monkeypatch):
    monkeypatch.setattr(batches, "_GAIN", 0.0)
    monkeypatch.setattr(batches, "_OFFSET", 0.0)
    before = torch.from_numpy(INPUTS.astype(np.float32))

    after = augmented(before, np.random.default_rng(1)).numpy()

    seen = set()
    for old, new in zip(before.numpy(), after, strict=True):
        fits = [
            (flip, row, column)
            for flip in (1, -1)
            for row in range(-4, 5)
            for column in range(-4, 5)
            if np.array_equal(np.roll(old[::flip], (row, column), axis=(1, 2)), new)
        ]
        assert len(fits) == 1
        seen.add(fits[0])
    assert len(seen) > 3
    assert {flip for flip, _, _ in seen} == {1, -1}


def test_contrast_changes_by_a_tenth_at_most():
    after = augmented(torch.ones(200, 1, 4, 4), np.random.default_rng(0))

    values = after.reshape(200, -1)
    assert (values.std(dim=1) == 0).all()
    assert 0.85 <= float(values.min()) < 0.95
    assert 1.05 < float(values.max()) <= 1.15


def test_a_device_that_is_not_there_is_told(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)

    with pytest.raises(ValueError, match="no CUDA device"):
        device_of("cuda")


class Drawn:
    """A generator that draws what it is told."""

    def __init__(self, *values):
        self.values = list(values)

    def uniform(self, _low, _high, count):
        return np.full(count, self.values.pop(0))


def test_a_region_turns_by_voxels_not_by_shares_of_its_sides():
    region = torch.zeros(1, 2, 21, 41)
    region[..., 10, 28] = 1.0

    quarter = turned(region, Drawn(90.0, 1.0), 90.0, 0.0)

    # 8 columns beside the center become 8 rows above or below it.
    row, column = divmod(int(quarter[0, 0].argmax()), 41)
    assert (abs(row - 10), column) == (8, 20)
    assert torch.equal(quarter[0, 0], quarter[0, 1])


def test_a_region_is_scaled_about_its_center():
    region = torch.zeros(1, 1, 21, 41)
    region[..., 10, 28] = 1.0

    half = turned(region, Drawn(0.0, 2.0), 0.0, 1.0)

    assert divmod(int(half.argmax()), 41) == (10, 24)
    assert torch.allclose(turned(region, Drawn(0.0, 1.0), 0.0, 0.0), region, atol=1e-5)
