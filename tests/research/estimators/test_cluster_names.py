import numpy as np
import pandas as pd

from research.estimators.cluster_names import NOTHING, VARIOUS, name_cluster, tabulate_clusters
from research.estimators.clustering import Clusters
from research.estimators.features import feature_names

BULGE, FISSURE = "lumbar mild disc bulge", "lumbar present annular fissure"


def features(**columns):
    rows = len(next(iter(columns.values())))
    blank = pd.DataFrame(0, index=range(rows), columns=list(feature_names()))
    return blank.assign(**{name.replace("__", " "): values for name, values in columns.items()})


def test_a_cluster_is_named_by_what_most_of_its_reports_share():
    found = features(
        **{BULGE: [1, 1, 2, 2, 3, 0], FISSURE: [1, 1, 1, 0, 0, 0], "fracture": [1, 1, 1, 1, 0, 0]}
    )

    assert name_cluster(found) == "1-3 lumbar mild disc bulge, fracture"


def test_reports_without_findings_and_without_a_shared_one_are_told_apart():
    assert name_cluster(features(**{BULGE: [0, 0, 0, 1]})) == NOTHING
    assert name_cluster(features(**{BULGE: [1, 0, 0], FISSURE: [0, 1, 0]})) == VARIOUS


def test_clusters_are_listed_by_size_and_noise_comes_last():
    labels = np.array([0, 1, 1, 1, -1, -1, -1, -1, -1, -1])
    clusters = Clusters(60, np.zeros((10, 2)), labels)

    table = tabulate_clusters(clusters, features(**{BULGE: [0, 1, 1, 1, 0, 0, 0, 0, 0, 0]}))

    assert list(table["cluster"]) == [1, 0, -1]
    assert list(table["share"]) == [0.3, 0.1, 0.6]
    assert list(table["normal"]) == [True, False, False]
    assert table["name"].iloc[0] == "1 lumbar mild disc bulge"
