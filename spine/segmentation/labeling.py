"""From numbered instances to a label map with names."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from spine.anatomy.labels import (
    CORD,
    CSF,
    DISC_LABELS,
    RIB_LEFT,
    RIB_RIGHT,
    SACRUM,
    VERTEBRA_LABELS,
    TissueClass,
)
from spine.anatomy.levels import DiscLevel, Level, Region
from spine.imaging.volume import LabelMap
from spine.segmentation.bodies import USUAL_HEIGHT_MM, BodyPiece
from spine.segmentation.canal import Guide
from spine.segmentation.instances import SMALLEST_SACRUM_MM3, Instances
from spine.segmentation.levels import Anchors, Vote, name_levels
from spine.segmentation.ribs import hear_ribs

# The sacrum anchors the count only where it follows the lowest body: a disc lies between.
SACRUM_WITHIN_MM = 24.0
# And only where the view reaches this far below the lowest disc: a cut L5 looks like a cut S1.
# Of 24 real lumbar views 27 to 75 mm; 21 and less once S1 and L5/S1 are cut off.
SACRUM_FIELD_MM = 24.0
# C2 is known by the empty field above it and by its dens.
FIELD_ABOVE_AXIS_MM = 8.0
AXIS_TO_NEIGHBORS = 1.35
# Where the uppermost vertebra ends: specks in the skull base, given to it, are less than 1 %.
TOP_PERCENT = 99
# A body with its disc, as a multiple of the body (docs/anatomy.md, 1).
PITCH_TO_HEIGHT = 1.3
# Whose disc is seen at an end of the row although the vertebra itself is not.
_UPPER_NEIGHBORS = {Level.T1: Level.C7, Level.L1: Level.T12}
_LOWER_NEIGHBORS = {Level.C7: Level.T1, Level.T12: Level.L1, Level.L5: Level.S1}
# A body cut by the field of view says nothing of its neighbors' height.
SMALL_BODY = 0.8


@dataclass(frozen=True, slots=True)
class Row:
    """The vertebrae found, named.

    Attributes
    ----------
    levels : head to foot, one a body
    gaps : vertebrae missed, by the body above the gap: (position, how many)
    """

    levels: tuple[Level, ...]
    anchors: Anchors
    gaps: tuple[tuple[int, int], ...]
    is_certain: bool


def name_row(instances: Instances, classes: LabelMap) -> Row | None:
    """Name the bodies found; None where they are more than any spine has."""
    bodies = instances.bodies
    anchors = Anchors(_axis_is_seen(instances, classes), _sacrum_follows(instances, classes))
    missing = _missing_below(bodies, instances.guide)
    heard = hear_ribs([Vote(*body.votes) for body in bodies], instances, classes)
    votes: list[Vote | None] = []
    for vote, count in zip(heard, missing, strict=True):
        votes += [vote, *([None] * count)]
    naming = name_levels(votes, anchors)
    if naming is None:
        return None
    named = [level for level, vote in zip(naming.levels, votes, strict=True) if vote is not None]
    gaps = tuple((at, count) for at, count in enumerate(missing) if count)
    doubtful = instances.sacral_is_doubtful or (anchors.axis_above and instances.axis_is_doubtful)
    certain = naming.is_certain and not gaps and not doubtful
    return Row(tuple(named), anchors, gaps, certain)


def label_map(instances: Instances, row: Row, classes: LabelMap) -> LabelMap:
    """Write every instance with its value from the table."""
    labels = np.zeros(classes.data.shape, dtype=np.uint8)
    labels[classes.data == TissueClass.CSF] = CSF
    labels[classes.data == TissueClass.CORD] = CORD
    labels[(classes.data == TissueClass.SACRUM) | instances.sacral] = SACRUM
    _write_ribs(labels, classes.data, instances)
    vertebra_values = np.array([0, *(VERTEBRA_LABELS[level] for level in row.levels)], np.uint8)
    disc_values = np.array([0, *_disc_values(instances, row)], np.uint8)
    for numbers, values in (
        (instances.vertebra_numbers, vertebra_values),
        (instances.disc_numbers, disc_values),
    ):
        found = numbers > 0
        labels[found] = values[numbers[found]]
    if row.levels and row.levels[0] is Level.C2:
        labels[instances.atlas] = VERTEBRA_LABELS[Level.C1]
    return LabelMap(labels, classes.affine)


def _disc_values(instances: Instances, row: Row) -> list[int]:
    """Return a disc's value by the bodies around it; 0 where they are no neighbors.

    Of several discs between the same bodies only the largest is one.
    """
    bodies_above = [
        sum(body.discs_above <= number for body in instances.bodies)
        for number in range(len(instances.discs))
    ]
    largest: dict[int, int] = {}
    for number, place in enumerate(bodies_above):
        size = len(instances.discs[number].voxels)
        if place not in largest or size > len(instances.discs[largest[place]].voxels):
            largest[place] = number
    return [
        _value_at(place, row) if largest[place] == number else 0
        for number, place in enumerate(bodies_above)
    ]


def _value_at(place: int, row: Row) -> int:
    """Return the value of the disc that has so many bodies of the row above it."""
    above = row.levels[place - 1] if place > 0 else None
    if place < len(row.levels):
        return _disc_value(above, row.levels[place])
    # The lowest disc rests on the sacrum, which is no body of the row.
    return _disc_value(above, Level.S1 if row.anchors.sacrum_below else None)


def _disc_value(above: Level | None, below: Level | None) -> int:
    if above is None and below is not None:
        above = _UPPER_NEIGHBORS.get(below, _shifted(below, -1))
    if below is None and above is not None:
        below = _LOWER_NEIGHBORS.get(above, _shifted(above, 1))
    name = f"{above}/{below}"
    return DISC_LABELS[DiscLevel(name)] if name in set(DiscLevel) else 0


def _shifted(level: Level, by: int) -> Level | None:
    """Return the level of the same region so many further down, or None."""
    name = f"{level.region}{int(level.value[1:]) + by}"
    return Level(name) if name in set(Level) else None


def _write_ribs(
    labels: NDArray[np.uint8], classes: NDArray[np.uint8], instances: Instances
) -> None:
    """Tell left from right ribs by the side of the canal on which they lie."""
    ribs = np.nonzero(classes == TissueClass.RIB)
    spacing = instances.fine_spacing_mm
    canal = instances.guide.canal_right_at(ribs[2] * spacing[2])
    labels[ribs] = np.where(ribs[0] * spacing[0] > canal, RIB_RIGHT, RIB_LEFT)


def _sacrum_follows(instances: Instances, classes: LabelMap) -> bool:
    """Whether the sacrum is next below the lowest body."""
    spacing = np.asarray(classes.grid.spacing_mm)
    sacrum = np.argwhere((classes.data == TissueClass.SACRUM) | instances.sacral) * spacing
    if len(sacrum) * float(np.prod(spacing)) < SMALLEST_SACRUM_MM3:
        return False
    guide_spacing = np.asarray(instances.guide.spacing_mm)
    body = instances.bodies[-1].voxels * guide_spacing
    below = body[body[:, 2] <= np.percentile(body[:, 2], 30)]
    sample = sacrum[:: max(1, len(sacrum) // 4000)]
    lower_plate = below.mean(axis=0)
    nearest = float(np.linalg.norm(sample - lower_plate, axis=1).min())
    follows = nearest < SACRUM_WITHIN_MM and bool(np.median(sacrum[:, 2]) < lower_plate[2])
    return follows and _field_below(instances, float(lower_plate[2])) >= SACRUM_FIELD_MM


def _field_below(instances: Instances, lower_plate_mm: float) -> float:
    """Return how far the view reaches below the lowest disc, or else the lowest body, mm."""
    lowest = instances.discs[-1].voxels[:, 2].min() if instances.discs else np.inf
    return min(lower_plate_mm, float(lowest) * instances.guide.spacing_mm[2])


def _axis_is_seen(instances: Instances, classes: LabelMap) -> bool:
    """Whether the uppermost body is C2: cervical, tall or with C1 over it, empty field above."""
    bodies = instances.bodies
    first = bodies[0]
    if first.region.name[0] != Region.CERVICAL or first.discs_above or len(bodies) < 3:
        return False
    seen = (instances.vertebra_numbers == 1) | instances.atlas
    top_row = float(np.percentile(np.nonzero(seen)[2], TOP_PERCENT))
    field = (classes.data.shape[2] - 1 - top_row) * classes.grid.spacing_mm[2]
    usual = float(np.median([body.height_mm for body in bodies[1:4]]))
    tall = first.height_mm > AXIS_TO_NEIGHBORS * usual
    return field > FIELD_ABOVE_AXIS_MM and (tall or bool(instances.atlas.any()))


def _missing_below(bodies: tuple[BodyPiece, ...], guide: Guide) -> list[int]:
    """Return how many vertebrae the free space below each body would hold."""
    missing = []
    for above, below in pairwise(bodies):
        free = _free_between(above, below, guide)
        height = max(
            min(above.height_mm, below.height_mm), SMALL_BODY * USUAL_HEIGHT_MM[above.region]
        )
        # A disc alone takes up to half a pitch, a vertebra with its two discs at least 1.2.
        missing.append(max(0, int(free / (PITCH_TO_HEIGHT * height) + 0.2)))
    return [*missing, 0]


def _free_between(above: BodyPiece, below: BodyPiece, guide: Guide) -> float:
    """Return the distance between two bodies along the column, mm."""
    spacing = np.asarray(guide.spacing_mm)
    along = guide.tangent_at(float(above.center[2] + below.center[2]) / 2)
    lower_end = np.percentile(above.voxels * spacing @ along, 5)
    upper_end = np.percentile(below.voxels * spacing @ along, 95)
    return float(lower_end - upper_end)
