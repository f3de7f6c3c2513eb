import numpy as np
import pytest

from research.cohort import read_images, read_records
from research.worlds.segmentation import VIEWS, render_segmentation_cohort, stored

pytestmark = pytest.mark.slow


def test_cases_are_complete_drawn_once_and_reproducible(tmp_path):
    render_segmentation_cohort(tmp_path / "a", [500_003])
    render_segmentation_cohort(tmp_path / "b", [500_003])
    (record,) = read_records(tmp_path / "a")
    first, labels = read_images(tmp_path / "a", record)
    second, _ = read_images(tmp_path / "b", record)
    assert np.array_equal(first.data, second.data)
    assert record.subject_id.split("_")[1] in VIEWS
    assert labels.data.any()

    written = (tmp_path / "a" / record.subject_id / "truth.json").stat().st_mtime_ns
    render_segmentation_cohort(tmp_path / "a", [500_003])
    assert (tmp_path / "a" / record.subject_id / "truth.json").stat().st_mtime_ns == written


def test_stored_intensities_fit_eight_bits_and_saturate_sometimes():
    data = np.random.default_rng(0).gamma(2.0, 50.0, (8, 40, 40)).astype(np.float32)
    saturated = 0
    for seed in range(40):
        image = stored(data, np.random.default_rng(seed))
        assert image.min() >= 0
        assert image.max() <= 255
        saturated += (image == 255).mean() > 0.01
    assert 5 < saturated < 30


def test_shares_of_views_sum_to_one():
    assert sum(share for share, _ in VIEWS.values()) == 1.0
