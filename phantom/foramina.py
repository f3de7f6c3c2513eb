"""Painting the foramina: fat between neighboring pedicles, with the root in its upper part."""

from phantom.canvas import ellipsoid
from phantom.curve import Disc
from phantom.scene import Scene
from phantom.signals import Tissue


def paint_foramina(scene: Scene) -> None:
    """Paint both foramina of every disc; bone is to be painted over them (sizes assumed)."""
    bodies = {body.state.level: body for body in scene.skeleton.bodies}
    for disc in scene.skeleton.discs:
        above = bodies[disc.state.level.above]
        for sign in (-1, 1):
            _paint_foramen(scene, disc, sign * (above.state.size.canal_lr / 2 + 4), above.height)


def _paint_foramen(scene: Scene, disc: Disc, side: float, height: float) -> None:
    """A foramen reaches from the pedicle above to the one below, behind body and disc."""
    center = (side, -disc.depth / 2 - 3.5, 0.16 * height)
    radii = (9.0, 5.5, 0.42 * height)
    region = scene.canvas.region(
        disc.frame,
        (side - 12, center[1] - 9, center[2] - radii[2] - 3),
        (side + 12, center[1] + 9, center[2] + radii[2] + 3),
    )
    if region is None:
        return
    fat = 0.8 * scene.palette[Tissue.FAT] * scene.textured(region, (1, 1, 1), 0.15, 90)
    scene.canvas.paint(region, ellipsoid(region, center, radii), fat)
    root = (side, center[1] + 0.5, center[2] + 0.45 * radii[2])
    size = 1.6 + 0.05 * height
    distance = ellipsoid(region, root, (8.0, size, size))
    scene.canvas.paint(region, distance, 1.2 * scene.palette[Tissue.ROOTS])
