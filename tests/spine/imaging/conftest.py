"""An anisotropic, non-square, oblique volume on which swapped axes cannot pass."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from spine.imaging.volume import Volume


@pytest.fixture
def oblique() -> Volume:
    affine = np.eye(4)
    affine[:3, :3] = Rotation.from_euler("xyz", [8, -11, 5], degrees=True).as_matrix() * [
        3.3,
        0.9,
        0.7,
    ]
    affine[:3, 3] = [-20.0, 35.0, -110.0]
    data = np.zeros((6, 20, 31), dtype=np.float32)
    data[4, 13, 22] = 1.0
    return Volume(data, affine)
