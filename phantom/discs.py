"""Painting discs: annulus, nucleus, cleft, bulge, fissure, extrusion, endplate change."""

import numpy as np

from phantom.canvas import Field, Region, ellipsoid
from phantom.curve import Body, Disc, SacralSegment, Skeleton
from phantom.laws import DiscState
from phantom.looks import DiscLook
from phantom.scene import Scene
from phantom.signals import Tissue
from phantom.subjects import VertebraState
from spine.anatomy.labels import DISC_LABELS

_LENGTH_MM = (0.9, 0.6, 0.6)
_SPREAD = 0.27


def paint_discs(scene: Scene) -> None:
    """Paint all discs; the bodies are to be painted over them."""
    for disc, slopes in zip(scene.skeleton.discs, _slopes(scene.skeleton), strict=True):
        _paint_disc(scene, disc, slopes)


def paint_extrusions(scene: Scene) -> None:
    """Paint extruded and sequestrated material over the sac that it displaces."""
    for disc in scene.skeleton.discs:
        if disc.state.extrusion_mm > 0:
            _paint_extrusion(scene, disc)


def _paint_disc(scene: Scene, disc: Disc, slopes: tuple[float, float]) -> None:
    reach = (disc.width / 2 + 4, disc.depth / 2 + 7, disc.height / 2 + 0.2 * disc.depth / 2 + 2)
    region = scene.canvas.region(disc.frame, (-reach[0], -reach[1], -reach[2]), reach)
    if region is None:
        return
    square = _radius_square(region, disc)
    top, bottom = _surfaces(region, disc, slopes, square)
    bulge = np.float32(disc.state.bulge_mm)
    side = (np.sqrt(square) - 1) * np.float32(disc.depth / 2) - bulge * np.float32(0.6)
    behind = -region.anterior - np.float32(disc.depth * 0.49) - bulge
    # Bodies overpaint what reaches into them, so that no gap opens at the endplates.
    ends = np.maximum(region.superior - top, bottom - region.superior) - np.float32(0.7)
    distance = np.maximum(np.maximum(side, behind), ends)
    middle = (top + bottom) / 2
    half = np.maximum((top - bottom) / 2, np.float32(0.6))
    signal = _signal(scene, disc, region, (square, (region.superior - middle) / half))
    scene.canvas.paint(region, distance, signal, DISC_LABELS[disc.state.level])


def _radius_square(region: Region, disc: Disc) -> Field:
    right = region.right / np.float32(disc.width / 2)
    anterior = (region.anterior / np.float32(disc.depth / 2) + np.float32(0.16)) / np.float32(1.16)
    square: Field = right * right + anterior * anterior
    return square


def _surfaces(
    region: Region, disc: Disc, slopes: tuple[float, float], square: Field
) -> tuple[Field, Field]:
    """Return the upper and lower surface, at least 1 mm apart."""
    dome = np.clip(1 - square, 0, 1)
    top = disc.rim / 2 + np.float32(slopes[0]) * region.anterior + np.float32(disc.bow_up) * dome
    bottom = (
        -disc.rim / 2 + np.float32(slopes[1]) * region.anterior - np.float32(disc.bow_low) * dome
    )
    lack = np.clip(1 - (top - bottom), 0, None) / 2
    return top + lack, bottom - lack


def _signal(scene: Scene, disc: Disc, region: Region, inside: tuple[Field, Field]) -> Field:
    """Nucleus inside annulus; `inside` is the squared radius and the relative height, -1 to 1."""
    square, height = inside
    state, palette = disc.state, scene.palette
    look = state.look or _look(state)
    annulus = palette[Tissue.ANNULUS]
    core = np.clip((0.80 - np.sqrt(square)) / np.float32(0.38), 0, 1)
    core = core * np.clip((1.05 - height * height) * 1.6, 0, 1)
    nucleus = palette.nucleus(state.severity)
    signal = annulus + np.float32(nucleus - annulus) * core
    signal *= 1 - np.float32(look.cleft) * core * np.exp(-((region.superior / 0.9) ** 2))
    if look.signal != 1:
        signal *= np.float32(look.signal)
    if look.fissure > 0:
        bright = 0.5 * look.fissure * (palette[Tissue.CSF] - annulus)
        signal += _fissure(region, disc) * np.float32(bright)
    signal *= scene.textured(region, _LENGTH_MM, look.speckle, DISC_LABELS[state.level])
    return signal


def _look(state: DiscState) -> DiscLook:
    return DiscLook(
        signal=1.0,
        speckle=_SPREAD * (1.0 + 0.5 * (state.schneiderman == 1)),
        cleft=0.35 * float(np.clip(2.2 - abs(state.severity - 2.7), 0, 1)),
        fissure=float(state.fissure),
    )


def _fissure(region: Region, disc: Disc) -> Field:
    """A bright spot in the posterior annulus (high-intensity zone, 2 to 3 mm)."""
    back = region.anterior + np.float32(disc.depth * 0.44)
    spot: Field = np.exp(-((back / 1.4) ** 2) - ((region.superior + 0.5) / 1.6) ** 2)
    return spot * np.exp(-((region.right / 6) ** 2))


def _paint_extrusion(scene: Scene, disc: Disc) -> None:
    state = disc.state
    depth = state.extrusion_mm
    side = 3.0 if state.migration_mm % 2 > 1 else -3.0
    center = (side, -disc.depth / 2 - state.bulge_mm - 0.2 * depth, -1.0 - state.migration_mm)
    radii = (7.0, 0.75 * depth, 4.5)
    low = [c - r - 2 for c, r in zip(center, radii, strict=True)]
    high = [c + r + 2 for c, r in zip(center, radii, strict=True)]
    region = scene.canvas.region(disc.frame, (low[0], low[1], low[2]), (high[0], high[1], high[2]))
    if region is None:
        return
    distance = ellipsoid(region, center, radii)
    scene.canvas.paint(region, distance, scene.palette[Tissue.LIGAMENT])
    signal = 0.7 * scene.palette.nucleus(max(3.0, state.severity - 0.7))
    scene.canvas.paint(region, distance + np.float32(0.7), signal, DISC_LABELS[state.level])


def _slopes(skeleton: Skeleton) -> list[tuple[float, float]]:
    """Return per disc how its upper and lower surface rise towards the front, mm per mm."""
    slopes = []
    for index, disc in enumerate(skeleton.discs):
        above = skeleton.bodies[index + 1]
        is_last = index + 2 == len(skeleton.bodies)
        below = skeleton.sacrum[0] if is_last else skeleton.bodies[index + 2]
        slopes.append((_endplate_slope(disc, above, -1), _endplate_slope(disc, below, 1)))
    return slopes


def _endplate_slope(disc: Disc, neighbor: Body | SacralSegment, side: int) -> float:
    """Slope of a neighbor's endplate in the disc's frame; side 1 is its upper endplate."""
    superior = disc.frame.axes @ neighbor.frame.axes[2]
    slope = -float(superior[1] / superior[2])
    if isinstance(neighbor, Body):
        slope += side * neighbor.wedge / _depths(neighbor.state)
    return slope


def _depths(state: VertebraState) -> float:
    return state.size.depth_low + state.size.depth_up
