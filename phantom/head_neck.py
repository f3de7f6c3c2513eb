"""Painting neck and head (sizes assumed)."""

from typing import NamedTuple

import numpy as np

from phantom.canvas import ellipsoid
from phantom.scene import Scene
from phantom.signals import Tissue
from phantom.surroundings import Surroundings, landmarks


class HeadPart(NamedTuple):
    """An ellipsoid in the atlas' frame, mm, and the key of its texture."""

    center: tuple[float, float, float]
    radii: tuple[float, float, float]
    signal: float
    texture: int | None


def paint_neck(scene: Scene, around: Surroundings) -> None:
    """Prevertebral muscle, pharynx and trachea."""
    palette, box = scene.palette, around.box
    marks = landmarks(scene)
    if not around.holds(marks[2] - 70, np.inf):
        return
    above = np.float32(marks[2] - 25) - around.height
    front = np.maximum(np.maximum(above, -around.body), np.abs(around.lateral) - 42)
    scene.canvas.paint(
        box,
        np.maximum(front, 8 - around.front),
        palette.muscle(0.25) * scene.textured(box, (1.6, 1.6, 1.6), 0.25, 208),
    )
    scene.canvas.paint(box, np.maximum(front, around.body - 5), palette[Tissue.MUSCLE])
    below = around.height - np.float32(marks[0] + 15)
    until = np.float32(marks[2] - 70) - around.height
    pipe = np.sqrt((around.lateral / 1.1) ** 2 + (around.body - 17) ** 2) - 8
    pipe = np.maximum(np.maximum(pipe, below), until)
    scene.canvas.paint(box, pipe - 2.5, palette[Tissue.GUT])
    scene.canvas.paint(box, pipe, palette[Tissue.AIR])


def paint_head(scene: Scene) -> None:
    """Skull, brain, clivus and nasal air above the atlas."""
    atlas = scene.skeleton.bodies[0].frame
    for shape in _head_shapes(scene):
        low, high = (
            tuple(c + side * (r + 3) for c, r in zip(shape.center, shape.radii, strict=True))
            for side in (-1, 1)
        )
        box = scene.canvas.region(atlas, (low[0], low[1], low[2]), (high[0], high[1], high[2]))
        if box is None:
            continue
        key = shape.texture
        speck = 1.0 if key is None else scene.textured(box, (1.3, 1.3, 1.3), 0.15, key)
        distance = ellipsoid(box, shape.center, shape.radii)
        scene.canvas.paint(box, distance, shape.signal * speck)


def _head_shapes(scene: Scene) -> tuple[HeadPart, ...]:
    """Ellipsoids from the outside in: scalp, skull, fluid, brain, cerebellum, face, air, clivus."""
    palette = scene.palette
    brain, gut, air = palette[Tissue.BRAIN], palette[Tissue.GUT], palette[Tissue.AIR]
    return (
        HeadPart((0, 20, 85), (78, 98, 80), palette.muscle(0.6), None),
        HeadPart((0, 14, 92), (72, 90, 72), palette[Tissue.CORTEX], None),
        HeadPart((0, 14, 92), (70, 87, 69), palette[Tissue.CSF] * 0.8, None),
        HeadPart((0, 16, 96), (67, 83, 64), brain, 209),
        HeadPart((0, -32, 46), (46, 27, 22), brain * 1.1, 210),
        HeadPart((0, 62, 40), (22, 40, 34), gut, 211),
        HeadPart((0, 48, 22), (9, 8, 22), air, None),
        HeadPart((0, 68, 50), (10, 28, 13), air, None),
        HeadPart((0, 26, 40), (11, 8, 17), palette.marrow(0.5), 212),
    )
