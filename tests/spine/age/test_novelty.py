import numpy as np
import pytest

from spine.age.novelty import feature_distance
from spine.inference.features import FeatureCloud, FeatureLimit

LIMIT = FeatureLimit(3.0, 100, 50)


def test_distance_by_hand():
    # Standard deviations of 2 and 0.5.
    cloud = FeatureCloud(np.float32([1, 1]), np.diag(np.float32([0.5, 2])), LIMIT)

    assert feature_distance(np.float32([7, 3]), cloud) == pytest.approx((3**2 + 4**2) ** 0.5)
    assert feature_distance(np.float32([1, 1]), cloud) == 0


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_features_that_are_no_numbers_are_infinitely_far(value):
    cloud = FeatureCloud(np.float32([1, 1]), np.eye(2, dtype=np.float32), LIMIT)

    assert feature_distance(np.float32([value, 1]), cloud) == np.inf
