import numpy as np
import pandas as pd
import pytest

from research.estimators.clustering import Clusters
from research.estimators.normal_cohort import NormalCohort
from research.estimators.stability import seed_agreement, sweep_merge_distance


def cohort(normal):
    flags = pd.DataFrame({"bracket": [30, 30, 30, 30, 40, 40], "normal": normal})
    return NormalCohort(flags, {}, {})


def test_agreement_of_three_seeds_by_hand():
    seeds = [
        cohort([True, True, False, False, True, True]),
        cohort([True, False, False, False, True, True]),
        cohort([True, False, True, False, True, True]),
    ]

    table = seed_agreement(seeds).set_index("bracket")

    # Pairs agree on 3, 2 and 3 of four.
    assert table.loc[30, "agreement"] == pytest.approx((3 + 2 + 3) / 12)
    assert table.loc[30, "same_under_all"] == 0.5
    # Kappas .5, 0 and .5: chance is 1/2 for each pair.
    assert table.loc[30, "kappa"] == pytest.approx(1 / 3)
    assert table.loc[40, "agreement"] == 1.0
    assert np.isnan(table.loc[40, "kappa"])
    assert table.loc[0, "series"] == 6


def test_the_sweep_marks_the_published_distance_and_agrees_with_itself_there():
    rng = np.random.default_rng(0)
    spots = np.repeat([[0.0, 0.0], [0.6, 0.0], [9.0, 0.0]], [60, 20, 120], axis=0)
    plane = spots + rng.normal(0.0, 0.02, size=spots.shape)
    labels = np.repeat([0, 1], [80, 120])

    table = sweep_merge_distance(Clusters(40, plane, labels)).set_index("merge_distance")

    assert list(table.index[table["published"]]) == [0.7]
    assert table.loc[0.7, "agreement"] == 1.0
    assert table.loc[0.7, "abnormal_share"] == 0.0
    # Apart, the twenty are a cluster of 10 % and abnormal.
    assert table.loc[0.3, "abnormal_share"] == pytest.approx(0.1)
    assert table.loc[0.3, "normal_clusters"] == 2
