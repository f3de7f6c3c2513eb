"""The field of view seen from the spine: distances to skin and bodies, landmarks over height."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import PchipInterpolator

from phantom import texture
from phantom.canvas import Field
from phantom.canvas import Region as Box
from phantom.frames import WORLD
from phantom.scene import Scene
from spine.anatomy.levels import Level

Table = NDArray[np.floating]
_BLOB_LENGTH_MM = (4.0, 4.0, 4.0)
_BLOB_ZOOM = 2.6
_MARGIN_MM = 20.0
"""More than the soft edge of any structure reaches beyond its height."""
# From the sac's center to the skin behind, without the person's own fat; to the front of the
# bodies; to the skin in front; half width of the trunk: at C1, C5, T1, T6, T12, L4, S2, S5.
_BACK_MM = (44.0, 46.0, 48.0, 40.0, 40.0, 44.0, 34.0, 26.0)
_BODY_FRONT_MM = (18.0, 26.0, 29.0, 36.0, 44.0, 47.0, 40.0, 20.0)
_FRONT_MM = (110.0, 72.0, 78.0, 150.0, 158.0, 140.0, 135.0, 120.0)
_WIDTH_MM = (75.0, 62.0, 150.0, 165.0, 155.0, 165.0, 180.0, 180.0)
_FAT_SHARE = (0.3, 0.5, 0.7, 0.6, 0.8, 1.0, 1.2, 1.2)


@dataclass(frozen=True, slots=True, eq=False)
class Surroundings:
    """Some layers of the field of view seen from the spine, mm.

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

    def holds(self, low: float, high: float) -> bool:
        """Whether a structure between two heights, world mm, can be seen here."""
        above = self.height.max() > low - _MARGIN_MM
        return bool(above and self.height.min() < high + _MARGIN_MM)


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


def surroundings(scene: Scene) -> Iterator[tuple[Scene, Surroundings]]:
    """Measure every voxel from the spine: pieces of the scene, and what surrounds it there."""
    tables = _tables(scene)
    for canvas in scene.canvas.pieces():
        box = canvas.region(WORLD, (-1e4, -1e4, -1e4), (1e4, 1e4, 1e4))
        if box is not None:
            yield replace(scene, canvas=canvas), _measured(scene, box, tables)


def _measured(scene: Scene, box: Box, tables: list[Field]) -> Surroundings:
    canal, fat = scene.canal, scene.subject.person.build.back_fat_mm
    index = canal.index(box.superior)
    lateral = box.right - canal.x[index]
    forward = box.anterior - canal.y[index]
    smooth = box.anterior - canal.smooth_y[index]
    depth, front, width, body, cover = (table[index] for table in tables)
    round_off = (lateral / width) ** 2
    return Surroundings(
        box=box,
        lateral=lateral,
        forward=forward,
        height=box.superior,
        back=depth + smooth - 60 * round_off,
        front=front + 0.8 * (fat - 12) - smooth - 90 * round_off,
        fat=cover,
        body=forward - body,
    )


def _tables(scene: Scene) -> list[Field]:
    """Return skin behind, skin in front, half width, front of bodies and fat over the heights."""
    canal = scene.canal
    heights = canal.start + 0.5 * np.arange(len(canal.x))
    marks = landmarks(scene)[::-1]
    fat = scene.subject.person.build.back_fat_mm * np.array(_FAT_SHARE)
    columns = (_FRONT_MM, _WIDTH_MM, _BODY_FRONT_MM, fat)
    tables = [smooth_table(heights, marks, np.asarray(column)[::-1]) for column in columns]
    return [table.astype(np.float32) for table in (skin_depth(scene, heights), *tables)]


def blobs(scene: Scene, around: Surroundings, key: int) -> Field:
    """Smooth patches some centimeters wide, SD 1."""
    box = around.box
    return texture.sample(
        texture.tile(_BLOB_LENGTH_MM),
        (box.right / _BLOB_ZOOM, box.anterior / _BLOB_ZOOM, box.superior / _BLOB_ZOOM),
        texture.offset_of(scene.subject.seed, key),
    )


def ball(
    around: Surroundings, center: tuple[float, float, float], radii: tuple[float, ...]
) -> Field:
    """Signed distance to an ellipsoid at (lateral, in front of the bodies, height), mm."""
    x = (around.lateral - np.float32(center[0])) / np.float32(radii[0])
    y = (around.body + 30 - np.float32(center[1])) / np.float32(radii[1])
    z = (around.height - np.float32(center[2])) / np.float32(radii[2])
    distance: Field = (np.sqrt(x * x + y * y + z * z) - 1) * np.float32(min(radii))
    return distance
