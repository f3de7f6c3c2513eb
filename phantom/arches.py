"""Painting neural arches: pedicles, laminae, spinous, articular and transverse processes.

Sizes behind the table of `phantom.dimensions` are memory (anatomy 1.4); edges waver by half a
millimeter so that no bone is a perfect rod.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from phantom.canvas import Field, Region, capsule
from phantom.curve import Body
from phantom.frames import Frame
from phantom.scene import Scene
from phantom.signals import Tissue
from spine.anatomy.levels import Level

_ARCH_CORTEX_MM = 1.2
_WAVER_MM = 0.5
_ARCH_FAT = -0.08
"""Arches are as bright as bodies although nearer to the coil (SPIDER): denser bone, less fat."""
Point = tuple[float, float, float]
Shape = tuple[Region, Field]


class Rod(NamedTuple):
    """A rounded rod in a vertebra's frame, mm."""

    start: Point
    end: Point
    radii: Point


class Bone(NamedTuple):
    """What a piece of bone is painted with."""

    label: int | None
    fat: float


@dataclass(frozen=True, slots=True)
class Blade:
    """A spinous process: a plate in the sagittal plane.

    Attributes
    ----------
    root, tip : (anterior, superior) in the vertebra's frame
    root_half, tip_half : half heights
    half_thickness : sideways
    """

    root: tuple[float, float]
    tip: tuple[float, float]
    root_half: float
    tip_half: float
    half_thickness: float


def paint_arch(scene: Scene, body: Body, label: int) -> None:
    """Paint everything of a vertebra that lies behind its body."""
    bone = Bone(label, body.state.marrow_fat + _ARCH_FAT)
    shapes = [_rod_shape(scene, body.frame, rod) for rod in _rods(body)]
    if body.state.level is not Level.C1:
        shapes.append(_blade_shape(scene, body, _blade(body)))
    _paint_bone(scene, shapes, bone)


def paint_rods(scene: Scene, frame: Frame, rods: list[Rod], bone: Bone) -> None:
    """Paint rods of bone that grow together: cortex around all of them, marrow inside."""
    _paint_bone(scene, [_rod_shape(scene, frame, rod) for rod in rods], bone)


def _rod_shape(scene: Scene, frame: Frame, rod: Rod) -> Shape | None:
    start, end, radii = rod
    low = [min(a, b) - r - 2 for a, b, r in zip(start, end, radii, strict=True)]
    high = [max(a, b) + r + 2 for a, b, r in zip(start, end, radii, strict=True)]
    region = scene.canvas.region(frame, (low[0], low[1], low[2]), (high[0], high[1], high[2]))
    return None if region is None else (region, capsule(region, start, end, radii))


def _paint_bone(scene: Scene, shapes: list[Shape | None], bone: Bone) -> None:
    """Paint all cortex before all marrow, so that no cortex crosses the inside."""
    key = int(bone.label or 0)
    seen = [_near(scene, shape, 6 * _WAVER_MM) for shape in shapes if shape is not None]
    seen = [(box, distance + scene.wavering(box, _WAVER_MM, key)) for box, distance in seen]
    for region, edge in seen:
        scene.canvas.paint(region, edge, scene.palette[Tissue.CORTEX], bone.label)
    for region, edge in seen:
        inside, depth = _near(scene, (region, edge + np.float32(_ARCH_CORTEX_MM)), 0.0)
        signal = scene.palette.marrow(bone.fat) * scene.marrow_texture(inside, key)
        scene.canvas.paint(inside, depth, signal)


def _near(scene: Scene, shape: Shape, reach_mm: float) -> Shape:
    """Leave out what lies farther outside a shape than its soft edge and a reach."""
    region, distance = shape
    near = distance < scene.canvas.softness_mm / 2 + reach_mm
    return scene.canvas.only(region, near), distance[near]


def _blade_shape(scene: Scene, body: Body, blade: Blade) -> Shape | None:
    most = max(blade.root_half, blade.tip_half) + 3
    low = (-blade.half_thickness - 3, blade.tip[0] - 4, min(blade.root[1], blade.tip[1]) - most)
    high = (blade.half_thickness + 3, blade.root[0] + 4, max(blade.root[1], blade.tip[1]) + most)
    region = scene.canvas.region(body.frame, low, high)
    return None if region is None else (region, _blade_distance(region, blade))


def _blade_distance(region: Region, blade: Blade) -> Field:
    """Signed distance: tapered strip in the sagittal plane, thickest at its lower edge."""
    along = np.array(blade.tip) - np.array(blade.root)
    length = float(np.linalg.norm(along))
    a, s = along / length
    offset_a = region.anterior - np.float32(blade.root[0])
    offset_s = region.superior - np.float32(blade.root[1])
    q = offset_a * np.float32(a) + offset_s * np.float32(s)
    p = np.abs(offset_s * np.float32(a) - offset_a * np.float32(s))
    share = np.clip(q / np.float32(length), 0, 1)
    half = np.float32(blade.root_half) + np.float32(blade.tip_half - blade.root_half) * share
    thick = np.float32(blade.half_thickness) * (np.float32(0.8) + np.float32(0.35) * share)
    strip = np.maximum(np.maximum(p - half, -q), q - np.float32(length))
    distance: Field = np.maximum(strip, np.abs(region.right) - thick)
    return distance


def _blade(body: Body) -> Blade:
    size = body.state.size
    root_a, root_s = _roof(body)
    drop = np.deg2rad(size.spinous_drop)
    length = 0.95 * size.spinous_length
    tip = root_a - length * float(np.cos(drop)), root_s - length * float(np.sin(drop))
    half = size.spinous_height / 2
    return Blade((root_a + 1, root_s), tip, 0.75 * half, 0.95 * half, 3.4)


def _roof(body: Body) -> tuple[float, float]:
    """Where the laminae meet: (anterior, superior)."""
    size = body.state.size
    wall = -0.48 * (size.depth_up + size.depth_low) / 2
    return wall - size.canal_ap - 2.5, -0.24 * body.height


def _rods(body: Body) -> list[Rod]:
    """Return the rods of one vertebra: arch, then processes, both sides."""
    if body.state.level is Level.C1:
        return _atlas_rods(body)
    size, height = body.state.size, body.height
    wall = -0.48 * (size.depth_up + size.depth_low) / 2
    back = wall - size.canal_ap
    side = size.canal_lr / 2
    thick = 3.2 if body.state.level.value[0] == "C" else 3.8
    plate = 0.40 * size.spinous_height + 1.5
    roof = (0.0, *_roof(body))
    rods: list[Rod] = []
    for sign in (-1, 1):
        pedicle = (sign * (side + thick), wall + 2, 0.22 * height)
        corner = (sign * (side + 0.4 * thick), back + 0.35 * size.canal_ap, 0.02 * height)
        rods.append(Rod(pedicle, corner, (thick, thick, 0.27 * height)))
        rods.append(Rod(corner, roof, (thick, thick, plate)))
        rods.extend(_processes(body, corner, sign))
    if body.state.level is Level.C2:
        rods.append(Rod((0, 0, height * 0.3), (0, 0.5, height / 2 + 14), (5.0, 5.4, 5.0)))
    return rods


def _processes(body: Body, corner: Point, sign: int) -> list[Rod]:
    """Articular and transverse processes of one side."""
    size, height = body.state.size, body.height
    x, y, _ = corner
    tip = (sign * size.span / 2 * 0.9, y - 3, 0.1 * height)
    upper = (x + sign * 3, y - 1, 0.62 * height)
    lower = (x + sign, y - 6, -0.72 * height)
    return [
        Rod((x + sign * 2, y + 1, 0.05 * height), upper, (4.8, 3.8, 5.5)),
        Rod((x, y - 3, -0.1 * height), lower, (4.6, 4.0, 5.5)),
        Rod((x + sign * 3, y, 0.1 * height), tip, (4.0, 3.4, 4.8)),
    ]


def _atlas_rods(body: Body) -> list[Rod]:
    """C1: anterior and posterior arch and the lateral masses (sizes from memory)."""
    back = -6.5 - body.state.size.canal_ap
    rods: list[Rod] = []
    for sign in (-1, 1):
        rods.append(Rod((0, 10, 0), (sign * 12, 6, 0), (3.2, 3.2, 5.5)))
        rods.append(Rod((sign * 17, -2, 3), (sign * 17, -3, -6), (6.5, 8, 6)))
        rods.append(Rod((sign * 18, -9, 0), (sign * 8, back - 1, -1), (3.2, 3.2, 5)))
        rods.append(Rod((sign * 8, back - 1, -1), (0, back - 3, -2), (3.2, 3.5, 5)))
        rods.append(Rod((sign * 18, -4, -1), (sign * 34, -5, -2), (4, 4, 4)))
    return rods
