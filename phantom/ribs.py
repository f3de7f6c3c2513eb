"""Painting ribs: from the head beside the body around the chest, one label a side."""

from itertools import pairwise

from phantom.arches import Bone, Rod, paint_rods
from phantom.curve import Body
from phantom.scene import Scene
from spine.anatomy.labels import RIB_LEFT, RIB_RIGHT
from spine.anatomy.levels import Region

_RADII_MM = (4.2, 3.6, 5.2)


def paint_ribs(scene: Scene) -> None:
    """Paint a pair of ribs at every thoracic vertebra; the lowest are short."""
    thoracic = [b for b in scene.skeleton.bodies if b.state.level.region is Region.THORACIC]
    for body in thoracic:
        remaining = len(thoracic) - int(body.state.level.value[1:])
        for sign, label in ((-1, RIB_LEFT), (1, RIB_RIGHT)):
            _paint_rib(scene, body, (sign, label), remaining)


def _paint_rib(scene: Scene, body: Body, side: tuple[int, int], remaining: int) -> None:
    """Local points from head to side; `remaining` ribs follow below (memory: lowest 60-120 mm)."""
    sign, label = side
    size = body.state.size
    number = int(body.state.level.value[1:])
    # Heads of T2 to T9 sit at the disc above, T1 and T10 down on the body.
    head_up = 0.46 * body.height if 2 <= number <= 9 else 0.22 * body.height
    half_width = (size.width_up + size.width_low) / 4
    wall = -size.depth_up / 2
    points = [
        (half_width + 2.5, wall + 4, head_up),
        (half_width + 15, wall - 9, head_up - 3),
        (half_width + 32, wall - 19, head_up - 9),
        (half_width + 58, wall - 20, head_up - 22),
        (half_width + 88, wall + 8, head_up - 40),
        (half_width + 98, wall + 48, head_up - 58),
    ]
    count = {0: 4, 1: 5}.get(remaining, 6)
    if number <= 2:
        points = [(x * 0.72, y, z) for x, y, z in points]
    rods = [
        Rod((sign * start[0], start[1], start[2]), (sign * end[0], end[1], end[2]), _RADII_MM)
        for start, end in pairwise(points[:count])
    ]
    paint_rods(scene, body.frame, rods, Bone(label, body.state.marrow_fat))
