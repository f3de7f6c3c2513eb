"""A body of smooth random texture, cut into parts: nothing repeats, nothing is symmetric."""

import numpy as np
from scipy import ndimage

from spine.imaging.volume import Volume

SHAPE = (7, 40, 160)
SPACING_MM = (4.0, 4.0, 4.0)


def body(shape=SHAPE, spacing=SPACING_MM, seed=0, turn_degrees=7.0):
    """Return an oblique volume of a bright ellipse of tissue in dark air, 640 mm long."""
    rng = np.random.default_rng(seed)
    texture = ndimage.gaussian_filter(rng.normal(size=shape), (1.0, 2.0, 2.0))
    j = np.linspace(-1, 1, shape[1])[None, :, None]
    tissue = ndimage.gaussian_filter(np.broadcast_to((np.abs(j) < 0.8) * 1.0, shape), (0, 1, 0))
    data = 400 * tissue * np.clip(1 + 3 * texture / texture.std() * 0.15, 0.1, None)
    angle = np.deg2rad(turn_degrees)
    affine = np.eye(4)
    affine[:3, :3] = np.array(
        [[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]]
    ) @ np.diag(spacing)
    affine[:3, 3] = [-12.5, -81.0, -310.25]
    return Volume(np.round(data).astype(np.float32), affine)
