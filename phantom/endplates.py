"""Endplate changes: Modic bands in the marrow and Schmorl nodes."""

import numpy as np

from phantom.canvas import Field, Region, ellipsoid
from phantom.curve import Body, Disc
from phantom.scene import Scene
from phantom.signals import Tissue
from spine.anatomy.labels import DISC_LABELS

_BAND_MM = 7.0
"""Height of a Modic band, 5 to 12 mm (memory)."""


def endplate_signal(scene: Scene, body: Body, region: Region, signal: Field) -> Field:
    """Blend edema (type 1), fat (2) or sclerosis (3) into the marrow next to worn discs."""
    for disc in scene.skeleton.discs:
        if disc.state.modic_type and body.state.level in (
            disc.state.level.above,
            disc.state.level.below,
        ):
            is_upper = body.state.level is disc.state.level.below
            share = _band(scene, body, region, is_upper=is_upper)
            change = _changed(scene, disc, body.state.marrow_fat)
            signal = signal + share * (np.float32(change) - signal)
    return signal


def paint_nodes(scene: Scene) -> None:
    """Paint disc material that broke through the endplate of the vertebra above."""
    for disc in scene.skeleton.discs:
        if disc.state.schmorl_mm > 0:
            _paint_node(scene, disc)


def _band(scene: Scene, body: Body, region: Region, *, is_upper: bool) -> Field:
    """Share of changed marrow: strongest in front at the endplate, with a ragged edge."""
    edge = body.height / 2 - body.concavity_up if is_upper else body.height / 2 - body.concavity_low
    depth = np.float32(edge) - (region.superior if is_upper else -region.superior)
    front = np.float32(0.5) + region.anterior / np.float32(2 * body.state.size.depth_up)
    ragged = scene.wavering(region, 1.5, 60)
    share: Field = np.clip((_BAND_MM * (0.6 + front) - depth + ragged) / 3, 0, 1) * np.float32(0.8)
    return share


def _changed(scene: Scene, disc: Disc, fat: float) -> float:
    palette = scene.palette
    changed = {
        1: 0.6 * palette[Tissue.EDEMA] + 0.4 * palette.marrow(fat),
        2: palette.marrow(min(fat + 0.4, 0.95)),
        3: 0.6 * palette[Tissue.CORTEX] + 0.4 * palette.marrow(fat),
    }
    return changed[disc.state.modic_type]


def _paint_node(scene: Scene, disc: Disc) -> None:
    depth = disc.state.schmorl_mm
    center = (0.12 * disc.width * np.sign(disc.state.latent), -0.05 * disc.depth, disc.height / 2)
    radii = (0.9 * depth + 1.5, 0.9 * depth + 1.5, depth)
    low = [c - r - 3 for c, r in zip(center, radii, strict=True)]
    high = [c + r + 3 for c, r in zip(center, radii, strict=True)]
    region = scene.canvas.region(disc.frame, (low[0], low[1], low[2]), (high[0], high[1], high[2]))
    if region is None:
        return
    distance = ellipsoid(region, center, radii)
    scene.canvas.paint(region, distance - np.float32(1), scene.palette[Tissue.CORTEX])
    signal = scene.palette.nucleus(disc.state.severity)
    scene.canvas.paint(region, distance, signal, DISC_LABELS[disc.state.level])
