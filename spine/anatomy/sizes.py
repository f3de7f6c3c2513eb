"""Usual sizes of vertebral bodies and discs by level, and how they grow.

Means over both sexes of adults, mm. Bodies: Panjabi 1991/1992 (cadavers), from memory
(docs/anatomy.md, 1.1); discs little degenerate (docs/anatomy.md, 1.2), in the thorax
midway between sources that differ by 1.5 mm. They carry wide limits only and no judgment of
a patient.
"""

from dataclasses import dataclass

import numpy as np

from spine.anatomy.levels import DiscLevel, Level

# Upper width, upper depth and posterior height of the body; mid height of the disc below.
_SIZES = {
    "C2": (17.0, 15.0, 19.0, 5.4), "C3": (16.5, 15.3, 11.6, 5.6), "C4": (17.1, 15.6, 11.4, 5.8),
    "C5": (18.4, 16.5, 11.4, 5.5), "C6": (20.2, 17.4, 10.9, 5.5), "C7": (22.6, 17.5, 12.8, 5.2),
    "T1": (26.2, 19.1, 14.1, 4.85), "T2": (26.2, 20.6, 15.6, 4.85), "T3": (25.2, 23.0, 15.7, 4.15),
    "T4": (25.2, 23.9, 16.2, 4.15), "T5": (26.0, 25.0, 16.2, 4.15), "T6": (27.2, 26.4, 17.4, 4.85),
    "T7": (28.4, 28.0, 18.2, 4.85), "T8": (30.0, 28.6, 18.7, 4.85), "T9": (31.8, 30.2, 19.3, 6.35),
    "T10": (33.6, 31.0, 20.2, 6.35), "T11": (37.0, 31.8, 21.3, 6.35),
    "T12": (40.6, 33.1, 22.7, 7.0),
    "L1": (42.2, 34.7, 23.8, 9.2), "L2": (44.0, 34.8, 24.3, 10.6), "L3": (46.0, 35.0, 23.8, 11.3),
    "L4": (48.0, 34.7, 24.1, 11.4), "L5": (48.4, 34.0, 22.9, 10.5),
}  # fmt: skip
# Vertebrae above the usual count are like the last of their region.
_LIKE = {"T13": "T12", "L6": "L5", "L7": "L5"}

# Stature as a share of an adult's, by age in years: medians of the CDC's growth charts of 2000,
# from memory; that vertebrae and discs grow in step with it is an assumption.
_GROWTH_YEARS = (2.0, 6.0, 10.0, 14.0, 17.0)
_GROWTH = (0.50, 0.67, 0.81, 0.94, 1.0)


@dataclass(frozen=True, slots=True)
class Size:
    """A body's or a disc's usual width (right to left), depth and height, mm."""

    width_mm: float
    depth_mm: float
    height_mm: float


def body_size(level: Level) -> Size:
    """Return the usual size of a body from C2 to the last lumbar one; KeyError elsewhere."""
    width, depth, height, _ = _SIZES[_LIKE.get(level, level.value)]
    return Size(width, depth, height)


def disc_size(level: DiscLevel) -> Size:
    """Return the usual size of a disc: as wide and deep as the body above."""
    width, depth, _, height = _SIZES[_LIKE.get(level.above, level.above.value)]
    return Size(width, depth, height)


def pitch_mm(level: DiscLevel) -> float:
    """Return the usual distance of the centers of the bodies around a disc, both presacral."""
    above, below = body_size(level.above), body_size(level.below)
    return (above.height_mm + below.height_mm) / 2 + disc_size(level).height_mm


def growth(age_years: float) -> float:
    """Return the share of an adult's size that is reached at an age, 0.5 to 1."""
    return float(np.interp(age_years, _GROWTH_YEARS, _GROWTH))
