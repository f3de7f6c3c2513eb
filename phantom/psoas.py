"""Painting the psoas muscles beside the lumbar bodies."""

from itertools import pairwise

from phantom.canvas import capsule
from phantom.curve import Body
from phantom.scene import Scene
from spine.anatomy.levels import Region


def paint_psoas(scene: Scene) -> None:
    """Paint both muscles from L1 to L5, thicker downwards (sizes assumed)."""
    lumbar = [b for b in scene.skeleton.bodies if b.state.level.region is Region.LUMBAR]
    for number, (upper, lower) in enumerate(pairwise(lumbar)):
        size = 10.0 + 11.0 * number / max(len(lumbar) - 2, 1)
        for sign in (-1, 1):
            _paint_part(scene, (upper, lower), sign, size)


def _paint_part(scene: Scene, bodies: tuple[Body, Body], sign: int, size: float) -> None:
    """One side between two vertebrae, in the upper one's frame."""
    upper, lower = bodies
    local = upper.frame.axes @ (lower.frame.origin - upper.frame.origin)
    out = sign * (upper.state.size.width_low / 2 + size * 0.8)
    start = (out, -8.0, 6.0)
    end = (float(local[0]) + out, float(local[1]) - 8.0, float(local[2]) - 6.0)
    radii = (size, 1.15 * size, size)
    low = [min(a, b) - r - 2 for a, b, r in zip(start, end, radii, strict=True)]
    high = [max(a, b) + r + 2 for a, b, r in zip(start, end, radii, strict=True)]
    region = scene.canvas.region(upper.frame, (low[0], low[1], low[2]), (high[0], high[1], high[2]))
    if region is None:
        return
    signal = scene.palette.muscle(0.05) * scene.textured(region, (0.9, 0.9, 4.0), 0.2, 95)
    scene.canvas.paint(region, capsule(region, start, end, radii), signal)
