"""Whether a spine resembles the training cases: a network answers whatever it is shown."""

import numpy as np
from numpy.typing import NDArray

from spine.inference.features import FeatureCloud


def feature_distance(features: NDArray[np.float32], cloud: FeatureCloud) -> float:
    """Return the Mahalanobis distance of penultimate features from the training cases.

    Parameters
    ----------
    features : shape (features,)

    Returns
    -------
    float
        In standard deviations; infinite for features that are not all finite.

    Source
    ------
    docs/adr/0028-where-the-network-looked.md.
    """
    deviation = features.astype(np.float64) - cloud.mean
    if not np.isfinite(deviation).all():
        return float("inf")
    return float(np.linalg.norm(cloud.whitening.astype(np.float64) @ deviation))
