"""Ends that fade: told from the overlap, and taken away in the joined volume."""

from dataclasses import replace

import numpy as np
import pytest

from phantom.stations import StationPlan, cut_stations
from spine.imaging.falloff import falloff
from spine.imaging.joining import JoinLimits, join
from spine.imaging.volume import Volume
from tests.spine.imaging.parts import body

PLAN = StationPlan(2, overlap_mm=60.0, gains=(1.3, 1.0), noise=0.01)
OVERLAP = 15


@pytest.fixture(scope="module")
def whole():
    return body()


def stations(whole, shares):
    """Two stations of which the ends that were cut keep so much of their signal, from there on."""
    upper, lower = cut_stations(whole, replace(PLAN, noise=0.0), np.random.default_rng(0))
    up, down = np.ones(upper.data.shape[2]), np.ones(lower.data.shape[2])
    up[: len(shares)] = shares
    down[-len(shares) :] = shares[::-1]
    return (
        Volume((upper.data * up).astype(np.float32), upper.affine),
        Volume((lower.data * down).astype(np.float32), lower.affine),
    )


def seam_error(whole, joined):
    """Return the largest error of a row's brightness, as a share, around the seam."""
    middle = whole.data.shape[2] // 2
    rows = slice(middle - OVERLAP, middle + OVERLAP)
    found, truth = (volume.data[:, :, rows].sum(axis=(0, 1)) for volume in (joined, whole))
    return float(np.abs(found / truth - 1).max())


def overlapping(upper, lower):
    affine = upper.affine
    return (
        Volume(upper.data[:, :, :OVERLAP], affine),
        Volume(lower.data[:, :, -OVERLAP:], affine),
    )


@pytest.mark.parametrize(("share", "halving_mm"), [(0.3, 16.0), (0.15, 8.0), (0.4, 12.0)])
def test_a_loss_that_halves_is_told_with_its_size_whatever_the_gain(whole, share, halving_mm):
    distance = np.arange(60) * 4.0
    upper, lower = stations(whole, 1 - share * np.exp2(-distance / halving_mm))

    found = falloff(*overlapping(upper, lower))

    assert found.share == pytest.approx(share, abs=0.02)
    assert found.halving_mm == pytest.approx(halving_mm, rel=0.1)


def test_even_parts_have_none(whole):
    noisy = cut_stations(whole, PLAN, np.random.default_rng(1))
    assert falloff(*overlapping(*noisy)) is None
    assert falloff(*overlapping(*stations(whole, np.ones(10)))) is None


def test_a_step_in_brightness_is_no_falloff(whole):
    upper, lower = overlapping(*stations(whole, np.ones(10)))
    upper.data[:, :, OVERLAP // 2 :] *= 0.8
    assert falloff(upper, lower) is None


def test_dark_parts_have_none(whole):
    upper, lower = overlapping(*stations(whole, np.ones(10)))
    assert falloff(Volume(np.zeros_like(upper.data), upper.affine), lower) is None


def test_a_row_of_no_signal_tells_nothing(whole):
    distance = np.arange(60) * 4.0
    upper, lower = overlapping(*stations(whole, 1 - 0.3 * np.exp2(-distance / 16.0)))
    upper.data[:, :, 7] = 0
    assert falloff(upper, lower).share == pytest.approx(0.3, abs=0.05)


def fading(kind):
    distance = np.arange(30) * 4.0
    return {
        "halving": 1 - 0.3 * np.exp2(-distance / 16.0),
        "straight": np.clip(0.75 + 0.25 * distance / 40.0, None, 1.0),
        "bell": 1 - 0.15 * np.exp(-((distance / 20.0) ** 2)),
    }[kind]


def errors(whole, parts, monkeypatch):
    """Return the error of the joined volume, and what it is with the ends left as they are."""
    evened = seam_error(whole, join(parts, JoinLimits()))
    monkeypatch.setattr("spine.imaging.joining.falloff", lambda *_: None)
    return evened, seam_error(whole, join(parts, JoinLimits()))


def test_the_joined_volume_has_no_dark_band(whole, monkeypatch):
    evened, as_received = errors(whole, stations(whole, fading("halving")), monkeypatch)
    assert evened <= 0.02
    assert as_received >= 0.07


@pytest.mark.parametrize("kind", ["straight", "bell"])
def test_ends_that_fade_otherwise_are_left_as_they_are(whole, kind, monkeypatch):
    evened, as_received = errors(whole, stations(whole, fading(kind)), monkeypatch)
    assert evened == as_received
