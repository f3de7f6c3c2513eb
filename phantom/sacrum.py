"""Painting the sacrum: five segments, remnant discs, wings and crest, all one label."""

import numpy as np

from phantom.arches import Bone, Rod, paint_rods
from phantom.bodies import CORTEX_MM, Drum, drum_distance
from phantom.canvas import capsule
from phantom.curve import SacralSegment
from phantom.scene import Scene
from phantom.signals import Tissue
from spine.anatomy.labels import SACRUM


def paint_sacrum(scene: Scene) -> None:
    """Paint wings and crest, then the segments over them."""
    fat = scene.subject.vertebrae[-1].marrow_fat + 0.04
    segments = scene.skeleton.sacrum
    for number, segment in enumerate(segments):
        paint_rods(scene, segment.frame, _sacral_rods(segment, number), Bone(SACRUM, fat))
        _paint_sacral_disc(scene, segment, number)
    for number, segment in enumerate(segments):
        _paint_segment(scene, segment, number, fat)


def _paint_segment(scene: Scene, segment: SacralSegment, number: int, fat: float) -> None:
    narrow = 0.85
    drum = Drum(
        segment.height,
        (segment.width * narrow, segment.width),
        (segment.depth * (0.74 if number == 0 else narrow), segment.depth),
        0.05,
        0.0,
        (1.1 if number == 0 else 0.3, 0.3),
    )
    reach = (segment.width / 2 + 3, segment.depth / 2 + 3, segment.height / 2 + 2)
    region = scene.canvas.region(segment.frame, (-reach[0], -reach[1], -reach[2]), reach)
    if region is None:
        return
    distance = drum_distance(region, drum)
    scene.canvas.paint(region, distance, scene.palette[Tissue.CORTEX], SACRUM)
    signal = scene.palette.marrow(fat) * scene.marrow_texture(region, SACRUM + number)
    scene.canvas.paint(region, distance + np.float32(CORTEX_MM), signal)


def _paint_sacral_disc(scene: Scene, segment: SacralSegment, number: int) -> None:
    """The remnant between two segments, part of the one sacrum label."""
    if number == 4:
        return
    low = -segment.height / 2
    radii = (segment.width * 0.3, segment.depth * 0.38, 2.4)
    region = scene.canvas.region(
        segment.frame, (-radii[0], -radii[1], low - 5), (radii[0], radii[1], low + 3)
    )
    if region is None:
        return
    distance = capsule(region, (0, 0, low - 1), (0, 0, low - 1), radii)
    signal = scene.palette.nucleus(3.2 + 0.3 * number)
    scene.canvas.paint(region, distance, signal, SACRUM)


def _sacral_rods(segment: SacralSegment, number: int) -> list[Rod]:
    """Wings of S1 to S3 and the median crest."""
    back = -segment.depth * 0.5 - (17, 13, 10, 7, 6)[number]
    half = segment.height / 2
    rods: list[Rod] = []
    if number < 4:
        rods.append(Rod((0, back, half * 0.7), (0, back - 1, -half), (8, 3.5, 4)))
    reach = (48.0, 42.0, 32.0, 24.0, 16.0)[number]
    for sign in (-1, 1):
        rods.append(Rod((sign * 14, -2, 0), (sign * reach, -8, -2), (8, 9, half + 1)))
        if number < 4:
            rods.append(Rod((0, back, 0), (sign * 22, back + 6, 0), (3, 3, half + 1)))
    return rods
