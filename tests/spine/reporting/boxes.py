"""A small oblique spine of boxes: its labels, image and measures."""

import numpy as np

from spine.anatomy.geometry import DiscFrame, DiscGeometry, SpineGeometry, VertebraGeometry
from spine.anatomy.labels import CORD, CSF, DISC_LABELS, RIB_LEFT, VERTEBRA_LABELS
from spine.anatomy.levels import DiscLevel, Level
from spine.imaging.volume import Volume

SHAPE = (9, 72, 150)
SPACING_MM = (4.4, 1.5, 1.25)
VERTEBRAE = (Level.T12, Level.L1, Level.L2, Level.L3, Level.L4, Level.L5, Level.S1)
DISCS = (
    DiscLevel.T12_L1,
    DiscLevel.L1_L2,
    DiscLevel.L2_L3,
    DiscLevel.L3_L4,
    DiscLevel.L4_L5,
    DiscLevel.L5_S1,
)


def oblique_affine() -> np.ndarray:
    """Canonical (R, A, S), turned by 9 degrees about S and 5 about A."""
    about_s, about_a = np.deg2rad(9), np.deg2rad(5)
    turn_s = [
        [np.cos(about_s), -np.sin(about_s), 0],
        [np.sin(about_s), np.cos(about_s), 0],
        [0, 0, 1],
    ]
    turn_a = [
        [np.cos(about_a), 0, np.sin(about_a)],
        [0, 1, 0],
        [-np.sin(about_a), 0, np.cos(about_a)],
    ]
    affine = np.eye(4)
    affine[:3, :3] = np.array(turn_s) @ np.array(turn_a) @ np.diag(SPACING_MM)
    affine[:3, 3] = (-21.0, -47.5, -90.25)
    return affine


def box_labels() -> np.ndarray:
    """Boxes from head (high k) to foot; the only rib is on the patient's left (low i)."""
    labels = np.zeros(SHAPE, dtype=np.uint8)
    top = 142
    for number, level in enumerate(VERTEBRAE):
        labels[2:7, 30:54, top - 14 : top] = VERTEBRA_LABELS[level]
        if number < len(DISCS):
            labels[2:7, 29:54, top - 20 : top - 14] = DISC_LABELS[DISCS[number]]
        top -= 20
    labels[3:6, 18:28, 4:146] = CSF
    labels[4:5, 21:25, 100:146] = CORD
    labels[0:2, 34:40, 118:124] = RIB_LEFT
    return labels


def box_volume(labels: np.ndarray) -> Volume:
    rng = np.random.default_rng(5)
    brightness = np.full(256, 60.0)
    brightness[0], brightness[CSF], brightness[CORD], brightness[RIB_LEFT] = 90, 900, 380, 260
    brightness[list(VERTEBRA_LABELS.values())] = 330
    brightness[list(DISC_LABELS.values())] = 520
    data = brightness[labels] + rng.normal(0, 25, SHAPE)
    return Volume(np.clip(data, 0, None).astype(np.float32), oblique_affine())


def box_geometry(labels: np.ndarray) -> SpineGeometry:
    affine = oblique_affine()
    axes = affine[:3, :3] / np.array(SPACING_MM)

    def center(value: int) -> tuple[float, float, float]:
        index = np.argwhere(labels == value).mean(axis=0)
        x, y, z = affine[:3, :3] @ index + affine[:3, 3]
        return float(x), float(y), float(z)

    vertebrae = tuple(
        VertebraGeometry(level, center(VERTEBRA_LABELS[level]), 36.0, 17.5)
        for level in VERTEBRAE
        if level is not Level.S1
    )
    lateral, anterior, superior = (tuple(map(float, axes[:, n])) for n in range(3))
    discs = tuple(
        DiscGeometry(
            level, DiscFrame(center(DISC_LABELS[level]), lateral, anterior, superior), 7.5 + n / 10
        )
        for n, level in enumerate(DISCS)
    )
    return SpineGeometry(vertebrae, discs, 36.0)
