"""What a cluster of reports is about: the findings that most of its reports share."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from research.estimators.clustering import Clusters
from research.estimators.vocabulary import STRUCTURAL

NOTHING = "no clinically significant finding"
VARIOUS = "no finding shared by most"

_MOST = 0.5
# Counts are told from the 10th to the 90th percentile: single reports would stretch them.
_PERCENTILES = (10.0, 90.0)


def name_cluster(features: pd.DataFrame) -> str:
    """Name a cluster by its dominant conditions, the most frequent first.

    Parameters
    ----------
    features : of its series, columns as `research.estimators.features.feature_names`

    Source
    ------
    P1, section 4.1: conditions that are observed in the majority of its samples.
    """
    if (features == 0).all(axis=1).mean() > _MOST:
        return NOTHING
    shares = (features > 0).mean().sort_values(ascending=False, kind="stable")
    dominant = [str(name) for name in shares.index[shares > _MOST]]
    return ", ".join(_told(features[name]) for name in dominant) or VARIOUS


def tabulate_clusters(clusters: Clusters, features: pd.DataFrame) -> pd.DataFrame:
    """Lay out a bracket's clusters, the largest first, noise last.

    Parameters
    ----------
    features : of the bracket's series, in the same order

    Returns
    -------
    bracket, cluster, series, share, normal, name
    """
    rows = []
    for label in (*sorted(clusters.shares, key=lambda k: -clusters.shares[k]), -1):
        inside = features[clusters.labels == label]
        share = len(inside) / len(features)
        name = name_cluster(inside) if len(inside) else ""
        normal = label in clusters.normal_labels
        rows.append((clusters.bracket, label, len(inside), share, normal, name))
    return pd.DataFrame(rows, columns=["bracket", "cluster", "series", "share", "normal", "name"])


def _told(counts: pd.Series) -> str:
    name = str(counts.name)
    if name in {pathology.replace("_", " ") for pathology in STRUCTURAL}:
        return name
    return f"{_span(counts[counts > 0])} {name}"


def _span(counts: pd.Series) -> str:
    low, high = (round(v) for v in _between(counts))
    return f"{low}" if low == high else f"{low}-{high}"


def _between(counts: pd.Series) -> Iterator[float]:
    yield from np.percentile(counts, _PERCENTILES)
