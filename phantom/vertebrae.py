"""Painting vertebrae: bodies with waist, endplates and marrow; arches, processes, sacrum."""

from dataclasses import dataclass

import numpy as np

from phantom.arches import Bone, Rod, paint_arch, paint_rods
from phantom.canvas import Field, Region, capsule
from phantom.curve import Body, SacralSegment
from phantom.scene import Scene
from phantom.signals import Tissue
from spine.anatomy.labels import SACRUM, VERTEBRA_LABELS
from spine.anatomy.levels import Level

_CORTEX_MM = 0.9


@dataclass(frozen=True, slots=True)
class Drum:
    """A body's shape in its own frame, mm.

    Attributes
    ----------
    widths, depths : low and up
    waist : share of width and depth lost at mid height
    wedge : anterior minus posterior height
    concavity : of the upper and the lower endplate
    lip : of osteophytes at the upper and the lower rim
    """

    height: float
    widths: tuple[float, float]
    depths: tuple[float, float]
    waist: float
    wedge: float
    concavity: tuple[float, float]
    lip: tuple[float, float] = (0.0, 0.0)


def drum_distance(region: Region, drum: Drum) -> Field:
    """Return the signed distance to a body: ellipse cut flat behind, between two endplates."""
    u = np.clip(region.superior * np.float32(2 / drum.height), -1, 1)
    rim = 1 - np.float32(drum.waist) * (1 - u * u)
    half_width = _blend(drum.widths, u) * rim
    half_depth = _blend(drum.depths, u) * rim
    if max(drum.lip) > 0:
        half_depth += _lips(region, drum)
    right = region.right / half_width
    # The ellipse is 1.16 times as deep as the body and cut at the posterior wall.
    anterior = (region.anterior / half_depth + np.float32(0.16)) / np.float32(1.16)
    square = right * right + anterior * anterior
    side = np.maximum((np.sqrt(square) - 1) * half_depth, -region.anterior - half_depth * 0.98)
    dome = np.clip(1 - square, 0, 1)
    tilt = region.anterior * np.float32(drum.wedge / (drum.depths[0] + drum.depths[1]))
    top = drum.height / 2 + tilt - np.float32(drum.concavity[0]) * dome
    bottom = drum.height / 2 + tilt - np.float32(drum.concavity[1]) * dome
    ends = np.maximum(region.superior - top, -region.superior - bottom)
    distance: Field = np.maximum(side, ends)
    return distance


def paint_vertebrae(scene: Scene) -> None:
    """Paint every mobile vertebra and the sacrum."""
    for body in scene.skeleton.bodies:
        label = VERTEBRA_LABELS[body.state.level]
        if body.state.level is not Level.C1:
            _paint_body(scene, body, label)
        paint_arch(scene, body, label)
    _paint_sacrum(scene)


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
    scene.canvas.paint(region, distance + np.float32(_CORTEX_MM), signal)


def _blend(sizes: tuple[float, float], u: Field) -> Field:
    """Half of a size running from its lower to its upper value as u goes from -1 to 1."""
    low, up = sizes
    half: Field = np.float32((low + up) / 4) + np.float32((up - low) / 4) * u
    return half


def _lips(region: Region, drum: Drum) -> Field:
    """Osteophytes: anterior rims grow forward, half as far sideways and behind."""
    up = np.exp(-(((region.superior - np.float32(drum.height / 2 - 1)) / 2.5) ** 2))
    low = np.exp(-(((region.superior + np.float32(drum.height / 2 - 1)) / 2.5) ** 2))
    front = np.clip(0.65 + region.anterior / np.float32(sum(drum.depths)), 0.25, 1)
    lips: Field = front * (np.float32(drum.lip[0]) * up + np.float32(drum.lip[1]) * low)
    return lips


def _vein(region: Region, half_depth: float) -> Field:
    """The basivertebral vein: a bright wedge in the middle of the posterior wall."""
    inward = np.clip(
        (region.anterior + np.float32(half_depth)) / np.float32(0.9 * half_depth), 0, 1
    )
    width = 1.6 * (1.2 - inward)
    bell = np.exp(-((region.superior / width) ** 2) - (region.right / 7) ** 2)
    vein: Field = 1 + np.float32(0.9) * bell * (1 - inward)
    return vein


def _paint_sacrum(scene: Scene) -> None:
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
    scene.canvas.paint(region, distance + np.float32(_CORTEX_MM), signal)


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
