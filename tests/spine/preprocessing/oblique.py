"""An oblique, anisotropic grid and an image without structure."""

import numpy as np


def affine(spacing=(3.3, 1.1, 0.9), degrees=8.0):
    angle = np.deg2rad(degrees)
    turn = np.array(
        [[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]]
    )
    matrix = np.eye(4)
    matrix[:3, :3] = turn * spacing
    matrix[:3, 3] = (12, -40, 7)
    return matrix


def noise(shape=(5, 30, 48)):
    return np.random.default_rng(0).normal(100, 20, size=shape).astype(np.float32)
