"""Points for candidates: which sagittal T2 series of several serves best.

The whole spine in one series gives both answers, age and discs, so coverage counts for
more than everything else together; the other points decide between series of like coverage.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from spine.dicom.frames import Frame
from spine.dicom.rules import is_composed

# Extent from head to foot that earns all points: a whole spine measures about 0.72 m lying.
_WHOLE_SPINE_MM = 700.0

# Defined terms for parts with the lumbar spine in them (PS3.16 annex L).
_LUMBAR = ("LSPINE", "LSSPINE", "TLSPINE")

Points = tuple[float, str]
Scorer = Callable[[tuple[Frame, ...]], Points]


@dataclass(frozen=True, slots=True)
class Score:
    """A candidate's points and the sentence of each scorer."""

    points: float
    reasons: tuple[str, ...]


def score(frames: tuple[Frame, ...]) -> Score:
    """Add up what every scorer gives a stack."""
    answers = [scorer(frames) for scorer in SCORERS]
    return Score(
        sum(points for points, _ in answers),
        tuple(f"{sentence} (+{points:.1f})" for points, sentence in answers),
    )


def points_of_stations(stations: tuple[tuple[Frame, ...], ...]) -> float:
    """Score stations as what they are together; a composed or whole image has 10 points more.

    Parameters
    ----------
    stations : head to foot
    """
    extent = min(_joined_extent_mm(stations) / _WHOLE_SPINE_MM, 1.0)
    others = (slices, resolution, declaration)
    return 60 * extent + sum(min(scorer(part)[0] for part in stations) for scorer in others)


def coverage(frames: tuple[Frame, ...]) -> Points:
    """0 to 60 points for the extent from head to foot."""
    extent = extent_mm(frames[0])
    return 60 * min(extent / _WHOLE_SPINE_MM, 1.0), f"covers {extent:.0f} mm from head to foot"


def originality(frames: tuple[Frame, ...]) -> Points:
    """10 points for an original image or a composition of originals."""
    frame = frames[0]
    if is_composed(frame):
        return 10.0, "composed of several stations"
    if frame.image_type[:1] == ("ORIGINAL",):
        return 10.0, "original image"
    return 0.0, "origin not given"


def slices(frames: tuple[Frame, ...]) -> Points:
    """0 to 10 points for slices enough to show the spine from side to side (P1 uses 14)."""
    return min(len(frames), 12) / 12 * 10, f"{len(frames)} slices"


def resolution(frames: tuple[Frame, ...]) -> Points:
    """0 to 10 points for pixels of 0.5 to 1.5 mm."""
    plane = frames[0].plane
    if plane is None:
        return 0.0, "pixel size not given"
    spacing = float(np.linalg.norm(plane.affine[:3, :2], axis=0).max())
    return 10 * float(np.clip(1.5 - spacing, 0, 1)), f"pixels of {spacing:.2f} mm"


def declaration(frames: tuple[Frame, ...]) -> Points:
    """15 points for being declared as lumbar, 5 as another or unnamed part of the spine.

    Where no series shows the whole spine there is no age, but the discs of the lumbar one.
    """
    part = frames[0].text("BodyPartExamined")
    if part in _LUMBAR or "LUMBAR" in part:
        return 15.0, f"declared as {part}"
    if "SPINE" in part:
        return 5.0, f"declared as {part}"
    return 0.0, "spine not declared"


SCORERS: tuple[Scorer, ...] = (coverage, originality, slices, resolution, declaration)


def extent_mm(frame: Frame) -> float:
    """Return how far a frame reaches from foot to head, mm; 0 without geometry."""
    if frame.plane is None:
        return 0.0
    toward_head = np.abs(frame.plane.affine[2, :2])
    return float(toward_head @ [frame.plane.columns, frame.plane.rows])


def _joined_extent_mm(stations: tuple[tuple[Frame, ...], ...]) -> float:
    planes = [frames[0].plane for frames in stations]
    middles = [p.affine[2] @ [p.columns / 2, p.rows / 2, 0, 1] for p in planes if p is not None]
    halves = [extent_mm(frames[0]) / 2 for frames in stations]
    return float(middles[0] + halves[0] - middles[-1] + halves[-1])
