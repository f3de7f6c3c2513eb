import numpy as np

from research.worlds.reports.placing import LEVELS, place, rank_levels


def test_the_most_severe_stands_where_wear_is_worst_and_none_overlap():
    """One severe, two moderate and one mild on five levels that wear in the order 3 1 0 2 4."""
    ranks = np.array([[3, 1, 0, 2, 4]])
    counts = [np.array([1]), np.array([2]), np.array([1]), None]

    assert place(counts, ranks).tolist() == [[1, 2, 3, 2, 0]]


def test_more_findings_than_levels_fill_them_all_and_lose_the_mildest():
    assert place([np.array([4]), np.array([2])], np.array([[0, 1, 2]])).tolist() == [[2, 2, 1]]


def test_lower_lumbar_levels_wear_first_and_absent_vertebrae_last():
    ranks = rank_levels("L", 4000, np.random.default_rng(0))

    names = list(LEVELS["L"])
    first = np.bincount(ranks.argmin(axis=1), minlength=len(names)) / 4000
    assert first[names.index("L4")] > 0.3
    assert first[names.index("L1")] < 0.06
    assert first[names.index("L6")] < 0.03
    assert (np.sort(ranks, axis=1) == np.arange(len(names))).all()
