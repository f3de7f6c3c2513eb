"""Hand-made spines: boxes along a curve, whose every level and size is known."""

from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray

from spine.anatomy.labels import TissueClass
from spine.anatomy.levels import Level, Region
from spine.imaging.volume import Affine, LabelMap
from spine.segmentation.levels import column

CLASS_OF = {
    Region.CERVICAL: TissueClass.CERVICAL,
    Region.THORACIC: TissueClass.THORACIC,
    Region.LUMBAR: TissueClass.LUMBAR,
}
# Height, depth of the body and height of the disc below, mm.
SIZES = {
    Region.CERVICAL: (12.0, 16.0, 5.0),
    Region.THORACIC: (19.0, 26.0, 5.0),
    Region.LUMBAR: (25.0, 34.0, 9.0),
}


@dataclass(frozen=True)
class Spine:
    """A spine of boxes.

    Attributes
    ----------
    centers_mm : of bodies, by level, world RAS+
    discs_mm : of discs, by the level above
    """

    classes: LabelMap
    centers_mm: dict[Level, NDArray[np.float64]]
    discs_mm: dict[Level, NDArray[np.float64]]


@dataclass(frozen=True)
class Drawing:
    """What to draw; heights in mm are counted from the upper end of C2."""

    thoracic: int = 12
    lumbar: int = 5
    shape: tuple[int, int, int] = (14, 192, 400)
    spacing_mm: tuple[float, float, float] = (3.3, 1.2, 1.7)
    top_mm: float = 40.0
    affine_rotation_degrees: float = 0.0
    without_discs: tuple[Level, ...] = ()
    touching: bool = False
    lordosis_mm: float = 18.0


def draw(drawing: Drawing) -> Spine:
    """Draw bodies, discs, pedicles with spinous processes, canal, sacrum and ribs."""
    classes = np.zeros(drawing.shape, dtype=np.uint8)
    x, y, z = _coordinates(drawing)
    drift = drawing.lordosis_mm * np.sin(2 * np.pi * z / 520.0)
    depth = y - drift
    canal = (np.abs(x) < 9) & (depth > -16) & (depth < 0)
    classes[canal & (z > -10) & (z < 620)] = TissueClass.CSF
    classes[canal & (np.abs(x) < 5) & (depth > -12) & (depth < -4) & (z < 400)] = TissueClass.CORD
    centers, discs = {}, {}
    top = 0.0
    levels = column(drawing.thoracic, drawing.lumbar)
    for level in levels:
        height, body, gap = SIZES[level.region]
        height = 32.0 if level is Level.C2 else height
        value = CLASS_OF[level.region]
        rows = (z >= top) & (z < top + height)
        front = (depth > 1.5) & (depth <= 1.5 + body)
        classes[rows & front & (np.abs(x) < body * 0.6)] = value
        pedicle = (np.abs(x) >= 9) & (np.abs(x) < 14) & (depth > -18) & (depth <= 1.5)
        classes[rows & (z < top + 0.5 * height) & pedicle] = value
        process = (np.abs(x) < 14) & (depth <= -17) & (depth > -45)
        shown = process & (drawing.touching | (z < top + 0.7 * height))
        classes[rows & shown] = value
        if level.region is Region.THORACIC:
            rib = (np.abs(x) >= 16) & (np.abs(x) < 22) & (np.abs(depth) < 5)
            classes[rows & rib & (z < top + 6)] = TissueClass.RIB
        middle = drift_at(top + height / 2, drawing)
        centers[level] = np.array([0.0, middle + 1.5 + body / 2, top + height / 2])
        top += height
        if level not in drawing.without_discs:
            rows = (z >= top + 0.8) & (z < top + gap - 0.8)
            classes[rows & (depth > 1.5) & (depth <= 1.5 + body) & (np.abs(x) < body * 0.6)] = (
                TissueClass.DISC
            )
        middle = drift_at(top + gap / 2, drawing)
        discs[level] = np.array([0.0, middle + 1.5 + body / 2, top + gap / 2])
        top += gap
    sacrum = (z >= top) & (z < top + 90) & (depth > 1.5) & (depth < 30) & (np.abs(x) < 25)
    classes[sacrum] = TissueClass.SACRUM
    affine = _affine(drawing)
    place = _placer(drawing, affine)
    return Spine(
        LabelMap(classes, affine),
        {level: place(center) for level, center in centers.items()},
        {level: place(center) for level, center in discs.items()},
    )


def drift_at(z: float, drawing: Drawing) -> float:
    return drawing.lordosis_mm * float(np.sin(2 * np.pi * z / 520.0))


def _coordinates(drawing: Drawing) -> tuple[NDArray[np.float64], ...]:
    """Return right, anterior of the canal, and down from the top of C2, mm, per voxel."""
    ni, nj, nk = drawing.shape
    si, sj, sk = drawing.spacing_mm
    x = ((np.arange(ni) - (ni - 1) / 2) * si)[:, None, None]
    y = ((np.arange(nj) - 0.42 * nj) * sj)[None, :, None]
    z = ((nk - 1 - np.arange(nk)) * sk - drawing.top_mm)[None, None, :]
    return np.broadcast_arrays(x, y, z)


def _affine(drawing: Drawing) -> Affine:
    angle = np.radians(drawing.affine_rotation_degrees)
    about_z = np.array(
        [[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]]
    )
    about_x = np.array(
        [[1, 0, 0], [0, np.cos(angle), -np.sin(angle)], [0, np.sin(angle), np.cos(angle)]]
    )
    affine = np.eye(4)
    affine[:3, :3] = about_z @ about_x @ np.diag(drawing.spacing_mm)
    affine[:3, 3] = (11.0, -23.0, 170.0)
    return affine


def _placer(drawing: Drawing, affine: Affine):
    ni, nj, nk = drawing.shape

    def place(point: NDArray[np.float64]) -> NDArray[np.float64]:
        right, anterior, down = point
        index = np.array(
            [
                right / drawing.spacing_mm[0] + (ni - 1) / 2,
                anterior / drawing.spacing_mm[1] + 0.42 * nj,
                nk - 1 - (down + drawing.top_mm) / drawing.spacing_mm[2],
            ]
        )
        return affine[:3, :3] @ index + affine[:3, 3]

    return place


@pytest.fixture(name="draw", scope="session")
def _draw():
    """Draw a spine; keywords are those of `Drawing`."""
    return lambda **settings: draw(Drawing(**settings))
