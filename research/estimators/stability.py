"""How much the decision who is normal depends on the seed and on the merge distance."""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from research.estimators.clustering import MERGE_DISTANCES, Clusters, cluster
from research.estimators.normal_cohort import NormalCohort

DISTANCES = (0.0, 0.1, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0)


def seed_agreement(cohorts: Sequence[NormalCohort]) -> pd.DataFrame:
    """Compare the flags of each two seeds on the same reports.

    Returns
    -------
    a row a bracket (0 for all): share of equal flags and Cohen's kappa, means over pairs of
    seeds; share of series whose flag is the same under every seed
    """
    flags = pd.DataFrame({n: cohort.flags["normal"] for n, cohort in enumerate(cohorts)})
    brackets = cohorts[0].flags["bracket"]
    groups = [(0, flags), *flags.groupby(brackets)]
    return pd.DataFrame(
        [
            {
                "bracket": bracket,
                "series": len(rows),
                "seeds": len(cohorts),
                "agreement": np.mean([_agreement(rows[a], rows[b]) for a, b in _pairs(cohorts)]),
                "kappa": np.mean([_kappa(rows[a], rows[b]) for a, b in _pairs(cohorts)]),
                "same_under_all": float((rows.nunique(axis=1) == 1).mean()),
            }
            for bracket, rows in groups
        ]
    )


def sweep_merge_distance(clusters: Clusters) -> pd.DataFrame:
    """Cluster one plane at other merge distances.

    Returns
    -------
    bracket, merge_distance, published (whether it is P1's), clusters, normal_clusters,
    abnormal_share, agreement with the flags at P1's distance
    """
    rows = []
    for distance in sorted({*DISTANCES, MERGE_DISTANCES[clusters.bracket]}):
        labels = cluster(clusters.plane, distance)
        other = Clusters(clusters.bracket, clusters.plane, labels)
        rows.append(
            {
                "bracket": clusters.bracket,
                "merge_distance": distance,
                "published": distance == MERGE_DISTANCES[clusters.bracket],
                "clusters": len(other.shares),
                "normal_clusters": len(other.normal_labels),
                "abnormal_share": float((~other.normal).mean()),
                "agreement": float((other.normal == clusters.normal).mean()),
            }
        )
    return pd.DataFrame(rows)


def _pairs(cohorts: Sequence[NormalCohort]) -> list[tuple[int, int]]:
    return list(combinations(range(len(cohorts)), 2))


def _agreement(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    return float(np.mean(np.asarray(a) == np.asarray(b)))


def _kappa(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    """Cohen's kappa; NaN where both have one and the same flag throughout."""
    first, second = float(np.mean(a)), float(np.mean(b))
    chance = first * second + (1.0 - first) * (1.0 - second)
    return (_agreement(a, b) - chance) / (1.0 - chance) if chance < 1.0 else float("nan")
