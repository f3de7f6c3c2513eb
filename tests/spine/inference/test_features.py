import numpy as np
import pytest
from safetensors.numpy import save

from spine.errors import Code, ModelIntegrityError
from spine.inference.features import (
    FeatureCloud,
    FeatureLimit,
    bytes_from_cloud,
    cloud_from_bytes,
)

LIMIT = FeatureLimit(9.5, 800, 200)


def test_a_cloud_survives_its_file():
    rng = np.random.default_rng(1)
    cloud = FeatureCloud(
        rng.normal(size=5).astype(np.float32), rng.normal(size=(5, 5)).astype(np.float32), LIMIT
    )

    found = cloud_from_bytes(bytes_from_cloud(cloud), LIMIT)

    np.testing.assert_array_equal(found.mean, cloud.mean)
    np.testing.assert_array_equal(found.whitening, cloud.whitening)
    assert found.limit == LIMIT


def test_a_transposed_array_is_written_as_it_is_meant():
    whitening = np.arange(9, dtype=np.float32).reshape(3, 3).T
    cloud = FeatureCloud(np.zeros(3, np.float32), whitening, LIMIT)

    found = cloud_from_bytes(bytes_from_cloud(cloud), LIMIT)

    np.testing.assert_array_equal(found.whitening, whitening)


@pytest.mark.parametrize(
    "data",
    [
        b"no tensors",
        save({"mean": np.zeros(3, np.float32)}),
        save({"mean": np.zeros(3, np.float32), "whitening": np.zeros((2, 2), np.float32)}),
        save({"mean": np.zeros(2), "whitening": np.zeros((2, 2))}),
        save({"mean": np.float32([np.nan, 0]), "whitening": np.zeros((2, 2), np.float32)}),
    ],
    ids=["garbage", "half", "of two sizes", "double", "no number"],
)
def test_what_is_no_cloud_is_refused(data):
    with pytest.raises(ModelIntegrityError) as caught:
        cloud_from_bytes(data, LIMIT)

    assert caught.value.code is Code.MODEL_INVALID
