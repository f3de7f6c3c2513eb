"""A capsule of fluid taped to the left side of the back, as sites do to tell left from right."""

import numpy as np

from phantom.canvas import capsule
from phantom.frames import WORLD
from phantom.scene import Scene
from phantom.signals import Tissue
from phantom.surroundings import landmarks, skin_depth

LEFT_OF_CANAL_MM = 14.0
_RADIUS_MM = 5.0
_LENGTH_MM = 24.0


def marker_center(scene: Scene) -> tuple[float, float, float]:
    """Return the capsule's center, mm, RAS+: behind the skin at the height of L4."""
    height = float(landmarks(scene)[5])
    canal = scene.canal
    index = int(canal.index(np.array([height], np.float32))[0])
    skin = float(canal.smooth_y[index]) - float(skin_depth(scene, np.array([height]))[0])
    return float(canal.x[index]) - LEFT_OF_CANAL_MM, skin - _RADIUS_MM - 2, height


def paint_marker(scene: Scene) -> None:
    """Paint the capsule; it has no label."""
    x, y, z = marker_center(scene)
    half = _LENGTH_MM / 2
    reach = _RADIUS_MM + 3
    region = scene.canvas.region(
        WORLD, (x - reach, y - reach, z - half - reach), (x + reach, y + reach, z + half + reach)
    )
    if region is not None:
        rod = (x, y, z - half), (x, y, z + half), (_RADIUS_MM, _RADIUS_MM, _RADIUS_MM)
        scene.canvas.paint(region, capsule(region, *rod), scene.palette[Tissue.CSF])
