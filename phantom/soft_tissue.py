"""The body around the spine: skin, fat, muscle, chest, belly, vessels, neck and head.

Nothing here carries a label. Shapes are assumptions that make the images plausible and asymmetric
as people are: aorta left, vena cava and liver right.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from phantom import texture
from phantom.canvas import Field
from phantom.canvas import Region as Box
from phantom.frames import WORLD
from phantom.scene import Scene
from phantom.signals import Tissue
from spine.anatomy.levels import Level

Table = NDArray[np.floating]
_BLOB_LENGTH_MM = (4.0, 4.0, 4.0)
_BLOB_ZOOM = 2.6
_STREAK_LENGTH_MM = (0.8, 0.8, 4.0)
_STRAND_LENGTH_MM = (1.5, 2.4, 1.0)
# From the sac's center to the skin behind, without the person's own fat; to the front of the
# bodies; to the skin in front; half width of the trunk: at C1, C5, T1, T6, T12, L4, S2, S5.
_BACK_MM = (44.0, 46.0, 48.0, 40.0, 40.0, 44.0, 34.0, 26.0)
_BODY_FRONT_MM = (18.0, 26.0, 29.0, 36.0, 44.0, 47.0, 40.0, 20.0)
_FRONT_MM = (110.0, 72.0, 78.0, 150.0, 158.0, 140.0, 135.0, 120.0)
_WIDTH_MM = (75.0, 62.0, 150.0, 165.0, 155.0, 165.0, 180.0, 180.0)
_FAT_SHARE = (0.3, 0.5, 0.7, 0.6, 0.8, 1.0, 1.2, 1.2)


@dataclass(frozen=True, slots=True, eq=False)
class _Around:
    """The whole field of view seen from the spine, mm.

    Attributes
    ----------
    lateral, forward : from the sac's center at the same height, positive right and front
    height : world
    back, front : depth of a voxel below the skin behind and in front, positive inside
    fat : thickness of the fat under the skin behind
    body : depth in front of the vertebral bodies' front
    """

    box: Box
    lateral: Field
    forward: Field
    height: Field
    back: Field
    front: Field
    fat: Field
    body: Field


def paint_soft_tissue(scene: Scene) -> None:
    """Paint everything that the spine is then laid over."""
    around = _around(scene)
    if around is None:
        return
    _paint_trunk(scene, around)
    _paint_chest(scene, around)
    _paint_belly(scene, around)
    _paint_neck(scene, around)
    _paint_head(scene)
    _paint_vessels(scene, around)
    _paint_skin(scene, around)


def landmarks(scene: Scene) -> Table:
    """Return the heights, world mm, of C1, C5, T1, T6, T12, L4, S2, S5."""
    skeleton, variant = scene.skeleton, scene.subject.variant
    last = Level(f"T{variant.thoracic}")
    lumbar = Level(f"L{variant.lumbar - 1}")
    levels = (Level.C1, Level.C5, Level.T1, Level.T6, last, lumbar)
    heights = [skeleton.body(level).frame.origin[2] for level in levels]
    heights += [skeleton.sacrum[n].frame.origin[2] for n in (1, 4)]
    return np.array(heights)


def skin_depth(scene: Scene, heights: Table) -> Table:
    """Return the distance from the sac's center to the skin of the back over world height."""
    marks = landmarks(scene)
    fat = scene.subject.person.build.back_fat_mm * np.array(_FAT_SHARE)
    return smooth_table(heights, marks[::-1], (np.array(_BACK_MM) + fat)[::-1])


def smooth_table(heights: Table, marks: Table, values: Table) -> Table:
    """Interpolate without kinks, constant beyond the ends."""
    table: Table = PchipInterpolator(marks, values)(np.clip(heights, marks[0], marks[-1]))
    return table


def body_front(scene: Scene, heights: Table) -> Table:
    """Return the world position (anterior, mm) of a smooth line before the bodies over height."""
    centers = np.array([body.frame.world(0, 0, 0) for body in scene.skeleton.bodies[1:]])
    depth = np.array([b.state.size.depth_up / 2 for b in scene.skeleton.bodies[1:]])
    line = np.polynomial.Polynomial.fit(centers[:, 2], centers[:, 1] + depth, 4)
    front: Table = line(np.clip(heights, centers[:, 2].min() - 30, centers[:, 2].max()))
    return front


def _around(scene: Scene) -> _Around | None:
    canvas, canal = scene.canvas, scene.canal
    box = canvas.region(WORLD, (-1e4, -1e4, -1e4), (1e4, 1e4, 1e4))
    if box is None:
        return None
    marks = landmarks(scene)[::-1]
    heights = canal.start + 0.5 * np.arange(len(canal.x))
    index = canal.index(box.superior)

    def table(values: tuple[float, ...] | Table) -> Field:
        over = smooth_table(heights, marks, np.asarray(values)[::-1]).astype(np.float32)
        looked_up: Field = over[index]
        return looked_up

    lateral = box.right - canal.x[index]
    forward = box.anterior - canal.y[index]
    smooth = box.anterior - canal.smooth_y[index]
    round_off = (lateral / table(_WIDTH_MM)) ** 2
    fat = scene.subject.person.build.back_fat_mm
    depth = skin_depth(scene, heights).astype(np.float32)[index]
    belly = 0.8 * (fat - 12)
    return _Around(
        box=box,
        lateral=lateral,
        forward=forward,
        height=box.superior,
        back=depth + smooth - 60 * round_off,
        front=table(_FRONT_MM) + belly - smooth - 90 * round_off,
        fat=table(fat * np.array(_FAT_SHARE)),
        body=forward - table(_BODY_FRONT_MM),
    )


def _blobs(scene: Scene, around: _Around, key: int) -> Field:
    """Smooth patches some centimeters wide, SD 1."""
    box = around.box
    return texture.sample(
        texture.tile(_BLOB_LENGTH_MM),
        (box.right / _BLOB_ZOOM, box.anterior / _BLOB_ZOOM, box.superior / _BLOB_ZOOM),
        texture.offset_of(scene.subject.seed, key),
    )


def _paint_trunk(scene: Scene, around: _Around) -> None:
    """Fat everywhere inside the skin, muscle behind and beside the spine."""
    palette, box = scene.palette, around.box
    speck = scene.textured(box, (1.4, 0.8, 1.4), 0.06, 201)
    fat = palette[Tissue.FAT] * speck
    inside = np.maximum(-around.back, -around.front)
    scene.canvas.paint(box, inside, fat)
    fiber = scene.textured(box, _STREAK_LENGTH_MM, 1.0, 202) - 1
    share = scene.subject.muscle_fat * 0.9
    mix = np.clip(share + 0.16 * fiber + 0.12 * _blobs(scene, around, 203) - 0.06, 0, 1)
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


def _paint_chest(scene: Scene, around: _Around) -> None:
    """Lungs beside the spine, heart and mediastinal fat in the middle."""
    palette, box = scene.palette, around.box
    marks = landmarks(scene)
    top, bottom = marks[2] + 10, marks[4] + 25
    span = np.maximum(around.height - np.float32(top), np.float32(bottom) - around.height)
    width = 9 + 0.35 * np.maximum(around.body - 30, 0)
    lung = np.maximum(np.maximum(span, 6 - around.body), 14 - around.front)
    lung = np.maximum(lung, width - np.abs(around.lateral))
    scene.canvas.paint(box, lung, palette[Tissue.LUNG])
    heart_z = marks[3] - 20
    heart = _ball(around, (-15, 78, heart_z), (48, 42, 52))
    blood = 0.5 * palette[Tissue.MUSCLE] * scene.textured(box, (2, 2, 2), 0.5, 204)
    scene.canvas.paint(box, np.maximum(heart, 8 - around.body), palette[Tissue.MUSCLE])
    scene.canvas.paint(box, np.maximum(heart + 9, 8 - around.body), blood)


def _paint_belly(scene: Scene, around: _Around) -> None:
    """Bowel as patches of fat, wall, fluid and gas; liver on the right; bladder."""
    palette, box = scene.palette, around.box
    marks = landmarks(scene)
    top = marks[4] + 25
    cavity = np.maximum(
        np.maximum(around.height - np.float32(top), 14 - around.body),
        around.fat * 0.8 + 16 - around.front,
    )
    patch = _blobs(scene, around, 205)
    values = [palette[t] for t in (Tissue.AIR, Tissue.GUT, Tissue.FAT, Tissue.GUT, Tissue.FLUID)]
    # Patches are sorted by height of a smooth field: gas, wall, fat, wall, fluid.
    edges = np.array([-9, -1.5, -0.5, 0.7, 1.6, 9])
    centers = (edges[:-1] + edges[1:]) / 2
    centers[0], centers[-1] = -1.8, 2.0
    signal = np.interp(patch, centers, values).astype(np.float32)
    signal *= scene.textured(box, (1.2, 1.2, 1.2), 0.25, 206)
    wall = np.maximum(
        np.maximum(around.height - np.float32(top), 14 - around.body),
        around.fat * 0.8 + 4 - around.front,
    )
    scene.canvas.paint(box, wall, palette[Tissue.MUSCLE])
    scene.canvas.paint(box, cavity, signal)
    liver = np.maximum(_ball(around, (75, 95, marks[4] + 5), (72, 75, 70)), 6 - around.body)
    scene.canvas.paint(box, liver, palette[Tissue.LIVER] * scene.textured(box, (1, 1, 1), 0.1, 207))
    bladder = _ball(around, (0, 92, marks[7] + 25), (34, 30, 26))
    scene.canvas.paint(box, bladder - 4, palette[Tissue.MUSCLE])
    scene.canvas.paint(box, bladder, palette[Tissue.FLUID])
    rectum = _ball(around, (-4, 38, marks[6] - 10), (16, 14, 40))
    scene.canvas.paint(box, rectum, palette[Tissue.GUT] * 0.7)


def _paint_neck(scene: Scene, around: _Around) -> None:
    """Prevertebral muscle, pharynx and trachea."""
    palette, box = scene.palette, around.box
    marks = landmarks(scene)
    above = np.float32(marks[2] - 25) - around.height
    front = np.maximum(np.maximum(above, -around.body), np.abs(around.lateral) - 42)
    scene.canvas.paint(
        box, np.maximum(front, 8 - around.front), palette.muscle(0.25) * _soft(scene, box)
    )
    scene.canvas.paint(box, np.maximum(front, around.body - 5), palette[Tissue.MUSCLE])
    below = around.height - np.float32(marks[0] + 15)
    until = np.float32(marks[2] - 70) - around.height
    pipe = np.sqrt((around.lateral / 1.1) ** 2 + (around.body - 17) ** 2) - 8
    pipe = np.maximum(np.maximum(pipe, below), until)
    scene.canvas.paint(box, pipe - 2.5, palette[Tissue.GUT])
    scene.canvas.paint(box, pipe, palette[Tissue.AIR])


def _soft(scene: Scene, box: Box) -> Field:
    return scene.textured(box, (1.6, 1.6, 1.6), 0.25, 208)


def _paint_head(scene: Scene) -> None:
    """Skull, brain, clivus and nasal air above the atlas."""
    atlas = scene.skeleton.bodies[0].frame
    palette = scene.palette
    shapes = (
        ((0, 20, 85), (78, 98, 80), palette.muscle(0.6), None),
        ((0, 14, 92), (72, 90, 72), palette[Tissue.CORTEX], None),
        ((0, 14, 92), (70, 87, 69), palette[Tissue.CSF] * 0.8, None),
        ((0, 16, 96), (67, 83, 64), palette[Tissue.BRAIN], 209),
        ((0, -32, 46), (46, 27, 22), palette[Tissue.BRAIN] * 1.1, 210),
        ((0, 62, 40), (22, 40, 34), palette[Tissue.GUT], 211),
        ((0, 48, 22), (9, 8, 22), palette[Tissue.AIR], None),
        ((0, 68, 50), (10, 28, 13), palette[Tissue.AIR], None),
        ((0, 26, 40), (11, 8, 17), palette.marrow(0.5), 212),
    )
    for center, radii, signal, key in shapes:
        low = tuple(c - r - 3.0 for c, r in zip(center, radii, strict=True))
        high = tuple(c + r + 3.0 for c, r in zip(center, radii, strict=True))
        box = scene.canvas.region(atlas, (low[0], low[1], low[2]), (high[0], high[1], high[2]))
        if box is None:
            continue
        scaled = [
            (x - c) / r
            for x, c, r in zip((box.right, box.anterior, box.superior), center, radii, strict=True)
        ]
        radius = np.sqrt(scaled[0] ** 2 + scaled[1] ** 2 + scaled[2] ** 2)
        speck = 1.0 if key is None else scene.textured(box, (1.3, 1.3, 1.3), 0.15, key)
        scene.canvas.paint(box, (radius - 1) * min(radii), signal * speck)


def _paint_vessels(scene: Scene, around: _Around) -> None:
    """Aorta left of the midline down to L4, vena cava on the right, both flow voids."""
    palette, box = scene.palette, around.box
    marks = landmarks(scene)
    upper, fork = np.float32(marks[3] + 45), np.float32(marks[5] - 10)
    span = np.maximum(around.height - upper, fork - around.height)
    aorta = np.sqrt((around.lateral + 11) ** 2 + (around.body - 11) ** 2) - 10
    scene.canvas.paint(box, np.maximum(aorta, span), palette[Tissue.MUSCLE])
    scene.canvas.paint(box, np.maximum(aorta + 1.6, span), palette[Tissue.BLOOD])
    low_span = np.maximum(around.height - np.float32(marks[4] + 20), fork - 8 - around.height)
    cava = np.sqrt((around.lateral - 17) ** 2 + (around.body - 8) ** 2) - 9
    scene.canvas.paint(box, np.maximum(cava, low_span), palette[Tissue.BLOOD] * 3)


def _paint_skin(scene: Scene, around: _Around) -> None:
    """Skin, and the air outside."""
    outside = np.minimum(around.back, around.front)
    scene.canvas.paint(around.box, outside - 2, scene.palette[Tissue.SKIN])
    scene.canvas.paint(around.box, outside, scene.palette[Tissue.AIR])


def _ball(around: _Around, center: tuple[float, float, float], radii: tuple[float, ...]) -> Field:
    """Signed distance to an ellipsoid at (lateral, in front of the bodies, height), mm."""
    x = (around.lateral - np.float32(center[0])) / np.float32(radii[0])
    y = (around.body + 30 - np.float32(center[1])) / np.float32(radii[1])
    z = (around.height - np.float32(center[2])) / np.float32(radii[2])
    distance: Field = (np.sqrt(x * x + y * y + z * z) - 1) * np.float32(min(radii))
    return distance
