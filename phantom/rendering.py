"""Rendering: a subject and a protocol in, a volume with labels and truth out."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from phantom.acquisition import (
    SLICE_AXIS,
    Imperfections,
    acquire,
    coil_gain,
    draw_imperfections,
    randomized_imperfections,
)
from phantom.canal import canal_curve
from phantom.canvas import Canvas, background, overlay
from phantom.curve import Skeleton, build_skeleton
from phantom.discs import paint_discs, paint_extrusions
from phantom.foramina import paint_foramina
from phantom.marker import paint_marker
from phantom.neural import paint_canal
from phantom.planning import plan_grid
from phantom.protocols import Protocol
from phantom.ribs import paint_ribs
from phantom.scene import Scene
from phantom.signals import Palette, Tissue, palette, randomized_palette
from phantom.soft_tissue import paint_soft_tissue
from phantom.subjects import Subject
from phantom.surroundings import body_front, skin_depth
from phantom.truth import Sight, Truth, truth_of
from phantom.vertebrae import paint_vertebrae
from spine.imaging.volume import Grid, LabelMap, Volume

# Where in the slice's thickness it is sampled, and how much each sample counts.
_SLICE_PROFILE = {1: ((0.0,), (1.0,)), 3: ((-0.33, 0.0, 0.33), (0.3, 0.4, 0.3))}
_FULL_SCALE = 300.0
"""Signal that bone marrow of fat fraction 0.4 gets, so that 12 bits hold the fluid."""


class Rendering(NamedTuple):
    """A volume, canonical (right, anterior, superior), its labels and what is known of it."""

    volume: Volume
    labels: LabelMap
    truth: Truth


@dataclass(frozen=True, slots=True)
class Appearance:
    """How an image looks beyond its protocol.

    Attributes
    ----------
    sub_slices : samples through a slice's thickness, 1 or 3
    marker : whether a capsule lies on the left side of the back
    """

    sub_slices: int = 3
    marker: bool = False


def render(
    subject: Subject,
    protocol: Protocol,
    rng: np.random.Generator,
    *,
    randomize: bool = False,
    sub_slices: int = 3,
    marker: bool = False,
) -> Rendering:
    """Image a subject.

    Parameters
    ----------
    rng : of positioning, coil and noise; the anatomy does not depend on it
    randomize : draw contrast, shading, noise and blur from the wide ranges meant for training
    sub_slices : 3 for partial volume along the slices, 1 for speed
    marker : tape a bright capsule to the left side of the back
    """
    skeleton = build_skeleton(subject)
    grid = plan_grid(protocol, skeleton, rng)
    colors = randomized_palette(protocol, rng) if randomize else palette(protocol)
    flaws = randomized_imperfections(rng) if randomize else draw_imperfections(rng)
    appearance = Appearance(sub_slices, marker)
    scene = _scene(subject, skeleton, protocol, background(grid, protocol.pixel_spacing_mm), colors)
    signal, labels = paint(scene, grid, protocol, appearance)
    return Rendering(
        Volume(_image(scene, signal, protocol, flaws, rng), grid.affine),
        LabelMap(labels, grid.affine),
        truth_of(subject, skeleton, protocol.name, Sight(grid)),
    )


def paint(
    scene: Scene, grid: Grid, protocol: Protocol, appearance: Appearance
) -> tuple[np.ndarray, np.ndarray]:
    """Return the signal without coil or noise, and the labels of the slices' centers."""
    paint_soft_tissue(scene)
    if appearance.marker:
        paint_marker(scene)
    offsets, weights = _SLICE_PROFILE[appearance.sub_slices]
    color = np.zeros(grid.shape, np.float32)
    cover = np.zeros(grid.shape, np.float32)
    labels = np.zeros(grid.shape, np.uint8)
    for offset, weight in zip(offsets, weights, strict=True):
        moved = _moved(grid, protocol, offset)
        canvas = overlay(moved, scene.canvas.softness_mm, labeled=offset == 0.0)
        _paint_spine(replace(scene, canvas=canvas))
        color += np.float32(weight) * canvas.color
        if canvas.cover is not None:
            cover += np.float32(weight) * canvas.cover
        if canvas.labels is not None:
            labels = canvas.labels
    return scene.canvas.color * (1 - cover) + color, labels


def _paint_spine(scene: Scene) -> None:
    """Paint from the outside in: what comes later lies over what came before."""
    paint_foramina(scene)
    paint_ribs(scene)
    paint_discs(scene)
    paint_vertebrae(scene)
    paint_canal(scene)
    paint_extrusions(scene)


def _scene(
    subject: Subject, skeleton: Skeleton, protocol: Protocol, canvas: Canvas, colors: Palette
) -> Scene:
    return Scene(
        canvas, colors, subject, skeleton, canal_curve(subject, skeleton), protocol.pixel_spacing_mm
    )


def _moved(grid: Grid, protocol: Protocol, offset: float) -> Grid:
    """Shift a grid along its slice axis by a share of the slice thickness."""
    axis = grid.affine[:3, SLICE_AXIS[protocol.plane]]
    affine = grid.affine.copy()
    affine[:3, 3] += axis / np.linalg.norm(axis) * offset * protocol.slice_thickness_mm
    return Grid(grid.shape, affine)


def _image(
    scene: Scene,
    signal: np.ndarray,
    protocol: Protocol,
    flaws: Imperfections,
    rng: np.random.Generator,
) -> np.ndarray:
    """Add coil, k-space and noise; scale so that marrow is near 300."""
    canal, colors = scene.canal, scene.palette
    heights = canal.start + 0.5 * np.arange(len(canal.x))
    grid = scene.canvas.grid
    profiles = skin_depth(scene, heights), body_front(scene, heights)
    gain = coil_gain(grid, canal, profiles, flaws, rng)
    marrow = max(colors.marrow(0.4), 0.05 * max(colors[Tissue.CSF], colors[Tissue.FAT]))
    image = acquire(signal, gain, protocol, (flaws.noise * marrow, flaws.blur_mm), rng)
    return image * np.float32(_FULL_SCALE / marrow)
