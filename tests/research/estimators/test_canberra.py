import numpy as np
import pytest

from research.estimators.canberra import canberra, nearest
from research.estimators.features import aggregate
from research.estimators.schema import read_reports
from tests.research.estimators.reports import rows


def test_distances_of_the_papers_three_participants(tmp_path):
    """3 mild bulges, 4 mild bulges, 3 mild bulges and a fracture: 1/7 and 1 (P1, 2.3)."""
    three = dict.fromkeys(["L3_disc_bulge", "L4_disc_bulge", "L5_disc_bulge"], "mild")
    rows(three, three | {"L2_disc_bulge": "mild"}, three | {"fracture": "1"}).to_csv(
        tmp_path / "r.csv", index=False
    )

    features = aggregate(read_reports(tmp_path / "r.csv").table).to_numpy(dtype=float)
    distances = canberra(features[:1], features)[0]

    assert distances == pytest.approx([0.0, 1 / 7, 1.0])


def test_findings_that_neither_has_add_nothing():
    empty = np.zeros((2, 67))

    assert canberra(empty, empty).max() == 0.0


def test_the_nearest_are_exact_and_begin_with_the_report_itself():
    values = np.random.default_rng(0).integers(0, 4, size=(700, 6)).astype(float)

    indices, distances = nearest(values, 9, np.random.default_rng(1))

    assert (indices[:, 0] == np.arange(700)).all()
    assert all(len(set(row)) == 9 for row in indices)
    expected = np.sort(canberra(values, values), axis=1)[:, :9]
    np.testing.assert_allclose(distances, expected, rtol=1e-6)
    own = np.take_along_axis(canberra(values, values), indices.astype(int), axis=1)
    np.testing.assert_allclose(distances, own, rtol=1e-6)


def test_among_equal_reports_none_is_everyones_neighbor():
    indices, _ = nearest(np.ones((600, 3)), 15, np.random.default_rng(0))

    assert np.bincount(indices.ravel(), minlength=600).max() < 45
