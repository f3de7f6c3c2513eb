"""Painting chest, belly and the great vessels: asymmetric, as people are."""

import numpy as np

from phantom.canvas import Field
from phantom.scene import Scene
from phantom.signals import Tissue
from phantom.surroundings import Surroundings, ball, blobs, landmarks


def paint_chest(scene: Scene, around: Surroundings) -> None:
    """Lungs beside the spine, heart and mediastinal fat in the middle."""
    palette, box = scene.palette, around.box
    marks = landmarks(scene)
    top, bottom = marks[2] + 10, marks[4] + 25
    if not around.holds(bottom, top):
        return
    span = np.maximum(around.height - np.float32(top), np.float32(bottom) - around.height)
    width = 9 + 0.35 * np.maximum(around.body - 30, 0)
    lung = np.maximum(np.maximum(span, 6 - around.body), 14 - around.front)
    lung = np.maximum(lung, width - np.abs(around.lateral))
    scene.canvas.paint(box, lung, palette[Tissue.LUNG])
    heart_z = marks[3] - 20
    heart = ball(around, (-15, 78, heart_z), (48, 42, 52))
    blood = 0.5 * palette[Tissue.MUSCLE] * scene.textured(box, (2, 2, 2), 0.5, 204)
    scene.canvas.paint(box, np.maximum(heart, 8 - around.body), palette[Tissue.MUSCLE])
    scene.canvas.paint(box, np.maximum(heart + 9, 8 - around.body), blood)


def paint_belly(scene: Scene, around: Surroundings) -> None:
    """Bowel as patches of fat, wall, fluid and gas; liver on the right; bladder, rectum."""
    palette, box = scene.palette, around.box
    marks = landmarks(scene)
    if not around.holds(-np.inf, marks[4] + 75):
        return
    behind = np.maximum(around.height - np.float32(marks[4] + 25), 14 - around.body)
    wall = np.maximum(behind, around.fat * 0.8 + 4 - around.front)
    scene.canvas.paint(box, wall, palette[Tissue.MUSCLE])
    cavity = np.maximum(behind, around.fat * 0.8 + 16 - around.front)
    scene.canvas.paint(box, cavity, _bowel(scene, around))
    liver = np.maximum(ball(around, (75, 95, marks[4] + 5), (72, 75, 70)), 6 - around.body)
    scene.canvas.paint(box, liver, palette[Tissue.LIVER] * scene.textured(box, (1, 1, 1), 0.1, 207))
    bladder = ball(around, (0, 92, marks[7] + 25), (34, 30, 26))
    scene.canvas.paint(box, bladder - 4, palette[Tissue.MUSCLE])
    scene.canvas.paint(box, bladder, palette[Tissue.FLUID])
    rectum = ball(around, (-4, 38, marks[6] - 10), (16, 14, 40))
    scene.canvas.paint(box, rectum, palette[Tissue.GUT] * 0.7)


def _bowel(scene: Scene, around: Surroundings) -> Field:
    """Patches sorted by the height of a smooth field: gas, wall, fat, wall, fluid."""
    tissues = (Tissue.AIR, Tissue.GUT, Tissue.FAT, Tissue.GUT, Tissue.FLUID)
    values = [scene.palette[tissue] for tissue in tissues]
    centers = (-1.8, -1.0, 0.1, 1.15, 2.0)
    signal = np.interp(blobs(scene, around, 205), centers, values).astype(np.float32)
    signal *= scene.textured(around.box, (1.2, 1.2, 1.2), 0.25, 206)
    return signal


def paint_vessels(scene: Scene, around: Surroundings) -> None:
    """Aorta left of the midline down to L4, vena cava on the right, both flow voids."""
    palette, box = scene.palette, around.box
    marks = landmarks(scene)
    upper, fork = np.float32(marks[3] + 45), np.float32(marks[5] - 10)
    if not around.holds(float(fork), float(upper)):
        return
    span = np.maximum(around.height - upper, fork - around.height)
    aorta = np.sqrt((around.lateral + 11) ** 2 + (around.body - 11) ** 2) - 10
    scene.canvas.paint(box, np.maximum(aorta, span), palette[Tissue.MUSCLE])
    scene.canvas.paint(box, np.maximum(aorta + 1.6, span), palette[Tissue.BLOOD])
    low_span = np.maximum(around.height - np.float32(marks[4] + 20), fork - 8 - around.height)
    cava = np.sqrt((around.lateral - 17) ** 2 + (around.body - 8) ** 2) - 9
    scene.canvas.paint(box, np.maximum(cava, low_span), palette[Tissue.BLOOD] * 3)
