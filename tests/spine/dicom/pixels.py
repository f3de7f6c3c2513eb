"""Where a pixel lies in the world, written apart from the code that goes the other way."""

import numpy as np


def world_from_pixel(frame, column, row):
    """Return the world position (mm, RAS+) of a pixel, centers at integers."""
    return (frame.affine @ np.array([column, row, 0.0, 1.0]))[:3]
