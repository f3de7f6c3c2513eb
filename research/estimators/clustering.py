"""UMAP and HDBSCAN of one age bracket, with the parameters that P1 printed."""

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from research.estimators.canberra import nearest

Plane = NDArray[np.float64]
Labels = NDArray[np.int64]

NEIGHBORS, LEAST_DISTANCE = 15, 0.0
"""P1, section 3.3.1."""

LEAST_SHARE, CORE_SAMPLES = 0.01, 5
"""Of a cluster in its bracket; of a core's neighborhood (P1, section 3.3.2)."""

NORMAL_SHARE = 0.15
"""A cluster with more of the bracket is normal (P1, section 2.3)."""

MERGE_DISTANCES = {30: 1.0, 40: 0.7, 50: 1.0, 60: 0.7, 70: 0.3, 80: 0.3}
"""By bracket; P1 chose them by eye (section 3.3.2)."""

LEAST_SERIES = 150
"""In a bracket: hundredths of fewer are no clusters, they are single series."""

NOISE = -1


@dataclass(frozen=True, slots=True)
class Clusters:
    """One bracket's plane and clusters.

    Attributes
    ----------
    plane : shape (series, 2)
    labels : shape (series,), `NOISE` outside every cluster
    """

    bracket: int
    plane: Plane
    labels: Labels

    @property
    def shares(self) -> dict[int, float]:
        """Share of the bracket's series, noise counted in the denominator."""
        found, counts = np.unique(self.labels[self.labels != NOISE], return_counts=True)
        return {int(k): float(n) / len(self.labels) for k, n in zip(found, counts, strict=True)}

    @property
    def normal_labels(self) -> tuple[int, ...]:
        """Clusters that are normal, the largest first."""
        large = [(share, label) for label, share in self.shares.items() if share > NORMAL_SHARE]
        return tuple(label for _, label in sorted(large, reverse=True))

    @property
    def normal(self) -> NDArray[np.bool_]:
        """Whether each series lies in a normal cluster; noise never does."""
        return np.isin(self.labels, self.normal_labels)


def find_clusters(features: NDArray[np.int16], bracket: int, seed: int) -> Clusters:
    """Embed a bracket's features and cluster them at P1's merge distance.

    Parameters
    ----------
    features : shape (series, 67)
    """
    plane = embed(features, seed)
    return Clusters(bracket, plane, cluster(plane, MERGE_DISTANCES[bracket]))


def embed(features: NDArray[np.int16], seed: int) -> Plane:
    """Lay reports out in a plane, near ones near each other; float64, shape (series, 2).

    Neighbors are exact at every size; above 4,096 rows UMAP alone would approximate them.
    """
    import umap  # noqa: PLC0415 - compiles for seconds

    values = features.astype(np.float64)
    indices, distances = nearest(values, NEIGHBORS, np.random.default_rng(seed))
    layout = umap.UMAP(
        n_neighbors=NEIGHBORS,
        min_dist=LEAST_DISTANCE,
        n_components=2,
        metric="canberra",
        random_state=seed,
        n_jobs=1,
        precomputed_knn=(indices, distances, None),
        force_approximation_algorithm=True,
    )
    with warnings.catch_warnings():
        # Of a missing index for new reports, which are never added, and of separate islands.
        warnings.simplefilter("ignore", UserWarning)
        plane = layout.fit_transform(values.astype(np.float32))
    return np.asarray(plane, dtype=np.float64)


def cluster(plane: Plane, merge_distance: float) -> Labels:
    """Find clusters of a plane; those nearer than the merge distance are one."""
    import hdbscan  # noqa: PLC0415

    found = hdbscan.HDBSCAN(
        min_cluster_size=round(LEAST_SHARE * len(plane)),
        min_samples=CORE_SAMPLES,
        cluster_selection_epsilon=merge_distance,
    )
    return np.asarray(found.fit_predict(plane), dtype=np.int64)
