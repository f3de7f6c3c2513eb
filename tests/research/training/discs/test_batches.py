import numpy as np
import pytest
import torch

from research.training.discs import batches
from research.training.discs.batches import DeviceInputs, augmented, device_of

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
