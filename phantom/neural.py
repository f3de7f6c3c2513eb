"""Painting the contents of the canal: epidural fat, dura, fluid, cord, roots, brain stem."""

import numpy as np
from numpy.typing import NDArray

from phantom.canvas import Field, Region
from phantom.frames import WORLD
from phantom.scene import Scene
from phantom.signals import Tissue
from spine.anatomy.labels import CORD, CSF

_CHUNK_MM = 30.0
_TAIL_LENGTH_MM = (0.75, 0.75, 8.0)
_TAIL_ZOOM = 1.05
"""Strands are 0.7 mm across and 8 mm along (assumption)."""
_FLOW_LOSS = (0.35, 0.15)
"""Signal that pulsation takes beside the cord, and in addition up in the thorax (SPIDER: rim of
the conus at 1.25 of marrow against 4 in the lumbar sac, half of it partial volume)."""


def paint_canal(scene: Scene) -> None:
    """Paint the canal from the pons to the end of the sac, in pieces of 30 mm height."""
    canal = scene.canal
    bottom, top = canal.sac_end - 20, canal.cord_top + 40
    for low in np.arange(bottom, top, _CHUNK_MM):
        high = min(low + _CHUNK_MM, top)
        heights = np.arange(low - 4, high + 4, 4.0)
        index = canal.index(heights)
        x, y = canal.x[index], canal.y[index]
        reach = float(canal.bone_side[index].max()) + 3, float(canal.bone_back[index].max()) + 4
        region = scene.canvas.region(
            WORLD,
            (float(x.min()) - reach[0], float(y.min()) - reach[1] - 3, float(low)),
            (float(x.max()) + reach[0], float(y.max()) + reach[1], float(high)),
        )
        if region is not None:
            _paint_piece(scene, region, (float(low), float(high)))


def _paint_piece(scene: Scene, region: Region, span: tuple[float, float]) -> None:
    canal = scene.canal
    foot, lateral, forward = curve_coordinates(scene, region)
    inside = (region.superior >= span[0]) & (region.superior < span[1])
    far = np.where(inside, np.float32(0), np.float32(99))
    half = np.where(forward > 0, canal.front[foot], canal.back[foot])
    side = canal.side[foot]
    _paint_epidural(scene, region, (lateral, forward, far), foot)
    sac = _ellipse(lateral, forward, (side, half)) + far
    scene.canvas.paint(region, sac - np.float32(0.8), scene.palette[Tissue.LIGAMENT])
    place = lateral / np.maximum(side, 1), forward / np.maximum(half, 1)
    fluid = _fluid(scene, region, place, (lateral, forward))
    label = np.where(region.superior < canal.cord_top, CSF, 0).astype(np.uint8)
    _paint_labeled(scene, region, (sac, fluid), label)
    cord_shape = (canal.cord_lr[foot], canal.cord_ap[foot])
    cord = _ellipse(lateral, forward - canal.cord_shift[foot], cord_shape) + far
    # The filum and the tip's last half millimeter are not cord.
    cord = np.where(canal.cord_ap[foot] < 0.6, np.float32(99), cord)
    label = np.where(region.superior < canal.cord_top, CORD, 0).astype(np.uint8)
    _paint_labeled(scene, region, (cord, _cord_signal(scene, lateral, forward)), label)


def curve_coordinates(scene: Scene, region: Region) -> tuple[NDArray[np.int32], Field, Field]:
    """Return per voxel the table index of its foot on the curve, and the offsets from it, mm."""
    canal = scene.canal
    first = canal.index(region.superior)
    slope = canal.slope_y[first]
    offset = region.anterior - canal.y[first]
    # For a straight line dy/dz = m the foot lies m d / (1 + m^2) higher.
    height = region.superior + slope * offset / (1 + slope * slope)
    foot = canal.index(height)
    slope = canal.slope_y[foot]
    forward = (region.anterior - canal.y[foot]) - slope * (region.superior - height)
    return foot, region.right - canal.x[foot], forward / np.sqrt(1 + slope * slope)


def _paint_labeled(
    scene: Scene, region: Region, layer: tuple[Field, Field | float], label: NDArray[np.uint8]
) -> None:
    """Paint with a label per voxel: above the foramen magnum the stem is background."""
    distance, signal = layer
    scene.canvas.paint(region, distance, signal)
    if scene.canvas.labels is not None:
        inside = distance < 0
        scene.canvas.labels[region.window][inside] = label[inside]


def _ellipse(lateral: Field, forward: Field, half: tuple[Field, Field]) -> Field:
    """Signed distance to an ellipse per voxel, mm; half axes below 0.2 mm count as 0.2."""
    side, depth = np.maximum(half[0], np.float32(0.2)), np.maximum(half[1], np.float32(0.2))
    radius = np.sqrt((lateral / side) ** 2 + (forward / depth) ** 2)
    distance: Field = (radius - 1) * np.minimum(side, depth)
    return distance


def _paint_epidural(
    scene: Scene, region: Region, place: tuple[Field, Field, Field], foot: NDArray[np.int32]
) -> None:
    """Fat between the sac and the arch; it also ends the arch's inner side."""
    canal = scene.canal
    lateral, forward, far = place
    half = np.where(forward > 0, canal.front[foot], canal.bone_back[foot])
    distance = _ellipse(lateral, forward, (canal.bone_side[foot], half)) + far
    scene.canvas.paint(region, distance, 0.75 * scene.palette[Tissue.FAT], 0)


def _fluid(
    scene: Scene, region: Region, place: tuple[Field, Field], offset: tuple[Field, Field]
) -> Field:
    """Fluid, dimmed by pulsation beside the cord, with the roots' strands below the conus.

    Parameters
    ----------
    place : lateral and forward over the sac's half axes
    offset : the same in mm; strands follow the curve
    """
    canal, palette = scene.canal, scene.palette
    above = region.superior - np.float32(canal.conus)
    flow = _FLOW_LOSS[0] * np.clip((above + 12) / 30, 0, 1)
    flow = flow + _FLOW_LOSS[1] * np.clip((above - 30) / 90, 0, 1)
    signal: Field = palette[Tissue.CSF] * (1 - flow)
    if region.superior.min() > canal.conus + 10:
        return signal
    # Supine, the tail lies behind and at the sides, and thins out towards the sac's end.
    below = np.clip((8 - above) / 25, 0, 1)
    crowd = np.clip((region.superior - canal.sac_end) / 80, 0.2, 1) * below
    dorsal = np.clip(0.38 - 0.9 * place[1] + 0.8 * place[0] ** 2, 0, 1.1)
    zoomed = (offset[0] * _TAIL_ZOOM, offset[1] * _TAIL_ZOOM, region.superior * _TAIL_ZOOM)
    strands = scene.textured_at(zoomed, _TAIL_LENGTH_MM, 1.0, 7) - 1
    share = np.clip(crowd * dorsal * (0.74 + 0.75 * strands), 0, 1)
    mixed: Field = signal + (np.float32(palette[Tissue.ROOTS]) - signal) * share
    return mixed


def _cord_signal(scene: Scene, lateral: Field, forward: Field) -> Field:
    """Cord with slightly brighter gray matter in its middle."""
    gray = np.exp(-((lateral / 2.2) ** 2) - (forward / 1.6) ** 2)
    signal: Field = np.float32(scene.palette[Tissue.CORD]) * (1 + np.float32(0.15) * gray)
    return signal
