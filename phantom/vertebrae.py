"""Painting vertebrae: bodies with waist, endplates and marrow; arches, sacrum."""

import numpy as np

from phantom.arches import paint_arch
from phantom.bodies import CORTEX_MM, Drum, drum_distance
from phantom.canvas import Field, Region
from phantom.curve import Body
from phantom.endplates import endplate_signal, paint_nodes
from phantom.sacrum import paint_sacrum
from phantom.scene import Scene
from phantom.signals import Tissue
from spine.anatomy.labels import VERTEBRA_LABELS
from spine.anatomy.levels import Level


def paint_vertebrae(scene: Scene) -> None:
    """Paint every mobile vertebra and the sacrum."""
    for body in scene.skeleton.bodies:
        label = VERTEBRA_LABELS[body.state.level]
        if body.state.level is not Level.C1:
            _paint_body(scene, body, label)
        paint_arch(scene, body, label)
    paint_nodes(scene)
    paint_sacrum(scene)


def body_drum(scene: Scene, body: Body) -> Drum:
    """Return the shape of a vertebra's body."""
    size = body.state.size
    lips = {d.state.level.below: d.state.osteophyte_mm for d in scene.skeleton.discs}
    low = {d.state.level.above: d.state.osteophyte_mm for d in scene.skeleton.discs}
    return Drum(
        body.height,
        (size.width_low, size.width_up),
        (size.depth_low, size.depth_up),
        0.08,
        body.wedge,
        (body.concavity_up, body.concavity_low),
        (0.6 * lips.get(body.state.level, 0.0), 0.6 * low.get(body.state.level, 0.0)),
    )


def _paint_body(scene: Scene, body: Body, label: int) -> None:
    size, drum = body.state.size, body_drum(scene, body)
    reach = (
        max(drum.widths) / 2 + 3,
        max(drum.depths) / 2 + max(drum.lip) + 2,
        body.height / 2 + abs(body.wedge) / 2 + 2,
    )
    region = scene.canvas.region(body.frame, (-reach[0], -reach[1], -reach[2]), reach)
    if region is None:
        return
    distance = drum_distance(region, drum) + scene.wavering(region, 0.35, label)
    scene.canvas.paint(region, distance, scene.palette[Tissue.CORTEX], label)
    signal = scene.palette.marrow(body.state.marrow_fat) * scene.marrow_texture(region, label)
    signal *= _vein(region, (size.depth_low + size.depth_up) / 4)
    signal = endplate_signal(scene, body, region, signal)
    scene.canvas.paint(region, distance + np.float32(CORTEX_MM), signal)


def _vein(region: Region, half_depth: float) -> Field:
    """The basivertebral vein: a bright wedge in the middle of the posterior wall."""
    inward = np.clip(
        (region.anterior + np.float32(half_depth)) / np.float32(0.9 * half_depth), 0, 1
    )
    width = 1.6 * (1.2 - inward)
    bell = np.exp(-((region.superior / width) ** 2) - (region.right / 7) ** 2)
    vein: Field = 1 + np.float32(0.9) * bell * (1 - inward)
    return vein
