"""The body around the spine: fat, muscle, skin, and what other modules put into it.

Nothing here carries a label. Shapes are assumptions that make the images plausible and asymmetric
as people are: aorta left, vena cava and liver right.
"""

import numpy as np

from phantom.head_neck import paint_head, paint_neck
from phantom.organs import paint_belly, paint_chest, paint_vessels
from phantom.psoas import paint_psoas
from phantom.scene import Scene
from phantom.signals import Tissue
from phantom.surroundings import Surroundings, blobs, surroundings

_STREAK_LENGTH_MM = (0.8, 0.8, 4.0)
_STRAND_LENGTH_MM = (1.5, 2.4, 1.0)


def paint_soft_tissue(scene: Scene) -> None:
    """Paint everything that the spine is then laid over."""
    for piece, around in surroundings(scene):
        _paint_trunk(piece, around)
        paint_chest(piece, around)
        paint_belly(piece, around)
        paint_neck(piece, around)
        paint_head(piece)
        paint_vessels(piece, around)
        _paint_skin(piece, around)
        paint_psoas(piece)


def _paint_trunk(scene: Scene, around: Surroundings) -> None:
    """Fat everywhere inside the skin, muscle behind and beside the spine."""
    palette, box = scene.palette, around.box
    speck = scene.textured(box, (1.4, 0.8, 1.4), 0.06, 201)
    fat = palette[Tissue.FAT] * speck
    inside = np.maximum(-around.back, -around.front)
    scene.canvas.paint(box, inside, fat)
    fiber = scene.textured(box, _STREAK_LENGTH_MM, 1.0, 202) - 1
    share = scene.subject.muscle_fat * 0.9
    mix = np.clip(share + 0.16 * fiber + 0.12 * blobs(scene, around, 203) - 0.06, 0, 1)
    muscle = palette[Tissue.MUSCLE] + np.float32(palette[Tissue.FAT] - palette[Tissue.MUSCLE]) * mix
    # Between the spinous processes: ligament and fat rather than muscle.
    middle = np.exp(-((around.lateral / 4.5) ** 2))
    strand = scene.textured(box, _STRAND_LENGTH_MM, 1.0, 214) - 1
    bright = np.clip(0.12 + 0.9 * scene.subject.muscle_fat + 0.3 * strand, 0, 1)
    between = palette[Tissue.LIGAMENT] + bright * np.float32(
        palette[Tissue.FAT] - palette[Tissue.LIGAMENT]
    )
    muscle = muscle + (between - muscle) * middle * np.float32(0.9)
    # The wall of the trunk lies farther forward at the sides than beside the spine.
    wall = np.float32(2) + 0.4 * np.maximum(np.abs(around.lateral) - 45, 0)
    depth = np.maximum(around.fat + 2 - around.back, around.forward - wall)
    scene.canvas.paint(box, depth, muscle)


def _paint_skin(scene: Scene, around: Surroundings) -> None:
    """Skin, and the air outside."""
    outside = np.minimum(around.back, around.front)
    scene.canvas.paint(around.box, outside - 2, scene.palette[Tissue.SKIN])
    scene.canvas.paint(around.box, outside, scene.palette[Tissue.AIR])
