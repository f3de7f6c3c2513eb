from itertools import pairwise

import numpy as np
import pytest

from research.cohort import read_images, read_records
from research.worlds.unseen import (
    NOISE_LEVELS,
    THICKNESS_MM,
    TILT_DEGREES,
    render_unseen,
    with_noise,
)


@pytest.mark.slow
def test_each_subject_is_seen_whole_and_truncated_once(tmp_path):
    render_unseen(tmp_path, [590_004])
    records = read_records(tmp_path)
    assert [record.subject_id for record in records] == ["590004_truncated", "590004_whole"]
    written = [(tmp_path / r.subject_id / "truth.json").stat().st_mtime_ns for r in records]
    render_unseen(tmp_path, [590_004])
    again = [(tmp_path / r.subject_id / "truth.json").stat().st_mtime_ns for r in records]
    assert again == written

    truncated, whole = (read_images(tmp_path, record)[0] for record in records)
    assert whole.data.shape[2] > truncated.data.shape[2]
    thickness = truncated.grid.spacing_mm[0] / 1.1
    assert THICKNESS_MM[0] <= thickness <= THICKNESS_MM[1]
    anterior = truncated.affine[:3, 1] / truncated.grid.spacing_mm[1]
    # The stack itself may lie a few degrees oblique.
    assert abs(np.degrees(np.arcsin(anterior[2]))) <= TILT_DEGREES + 1


def test_noise_of_a_level_is_as_large_as_it_says():
    data = np.full((20, 60, 60), 100.0, np.float32)
    spreads = [
        float(with_noise(data, level, np.random.default_rng(0)).std()) for level in NOISE_LEVELS
    ]
    # Far above zero, Rician noise is as wide as that of one channel.
    assert spreads == pytest.approx([100 * level for level in NOISE_LEVELS], rel=0.03)
    assert all(low < high for low, high in pairwise(spreads))


def test_noise_on_nothing_is_the_mean_of_a_rayleigh_law():
    data = np.zeros((20, 60, 60), np.float32)
    data[:1] = 100
    noisy = with_noise(data, 0.1, np.random.default_rng(0))
    assert noisy[1:].mean() == pytest.approx(10 * np.sqrt(np.pi / 2), rel=0.02)
