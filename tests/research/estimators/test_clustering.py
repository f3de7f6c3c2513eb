import numpy as np

from research.estimators.clustering import Clusters, cluster


def clusters(*sizes_and_labels):
    labels = np.repeat(*np.array(sizes_and_labels)[:, ::-1].T)
    return Clusters(50, np.zeros((len(labels), 2)), labels)


def test_shares_count_noise_in_the_denominator():
    found = clusters((40, 0), (60, -1))

    assert found.shares == {0: 0.4}
    assert found.normal.mean() == 0.4


def test_a_cluster_of_just_15_percent_is_abnormal_and_noise_never_normal():
    found = clusters((15, 0), (16, 1), (20, 2), (49, -1))

    assert found.normal_labels == (2, 1)
    assert found.normal.sum() == 36


def test_clusters_nearer_than_the_merge_distance_are_one():
    rng = np.random.default_rng(0)
    spots = np.repeat([[0.0, 0.0], [0.6, 0.0], [5.0, 0.0]], 100, axis=0)
    plane = spots + rng.normal(0.0, 0.02, size=spots.shape)

    apart, merged = cluster(plane, 0.3), cluster(plane, 0.7)

    assert len(set(apart) - {-1}) == 3
    assert len(set(merged) - {-1}) == 2
    assert merged[50] == merged[150] != merged[250]


def test_a_cluster_needs_five_in_a_neighborhood_and_a_hundredth_of_the_series():
    rng = np.random.default_rng(0)
    plane = np.concatenate(
        [rng.normal(0.0, 0.1, (290, 2)), rng.normal(9.0, 0.1, (8, 2)), [[50.0, 0.0], [0.0, 50.0]]]
    )

    labels = cluster(plane, 1.0)

    assert set(labels[-2:]) == {-1}
    assert labels[0] != labels[295] != -1
