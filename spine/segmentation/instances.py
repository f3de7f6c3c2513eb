"""From tissue classes to single vertebrae, discs and ribs."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spine.anatomy.labels import TissueClass
from spine.imaging.volume import LabelMap
from spine.segmentation.bodies import BodyPiece, find_bodies
from spine.segmentation.canal import Guide, body_mask, guide_from_classes
from spine.segmentation.discs import (
    DiscPiece,
    depth_below,
    find_discs,
    uppermost_is_doubtful,
)

# Instances are told apart at about the network's resolution; finer grids only cost time.
WORKING_MM = 1.8
# How far the unconnected part of a vertebra, such as a spinous process, may lie from the rest.
ORPHAN_REACH_MM = 40.0
# The body of C2 from its lower disc's center, and its dens (docs/anatomy.md, 1.1;
# the dens's depth and width are usual values from memory, with the gap before it).
AXIS_BODY_MM = 22.0
DENS_DEPTH_MM = 14.0
DENS_HALF_WIDTH_MM = 7.0

# Voxels of the coarser grid that a number reaches when carried to the finer one.
REFINING_VOXELS = 2
# Marks C1 and S1 among the vertebra numbers while they are carried.
_ATLAS = 255
_SACRAL = 254
SMALLEST_SACRUM_MM3 = 2000.0
# The remnant S1/S2 is a fraction of L5/S1 (docs/anatomy.md, 1.4).
REMNANT_SHARE = 0.4
# A piece nearly as large as its neighbor might be L5 after all.
DOUBTFUL_SHARE = 0.75

_VERTEBRA = (TissueClass.CERVICAL, TissueClass.THORACIC, TissueClass.LUMBAR)


@dataclass(frozen=True, slots=True, eq=False)
class Instances:
    """Vertebrae and discs, numbered from head to foot, on the grid of the classes.

    Attributes
    ----------
    vertebra_numbers, disc_numbers : shape (i, j, k), 0 elsewhere, else 1-based
        position in `bodies` or `discs`
    atlas : C1, where it is found apart from C2
    sacral : vertebra voxels that belong to the sacrum
    sacral_is_doubtful : whether these might as well be the lowest lumbar vertebra
    axis_is_doubtful : whether the uppermost disc might lie between dens and body of C2
    guide : on the coarser grid that `bodies` and `discs` are given on
    fine_spacing_mm : of the grid of the classes
    """

    vertebra_numbers: NDArray[np.uint8]
    disc_numbers: NDArray[np.uint8]
    atlas: NDArray[np.bool_]
    sacral: NDArray[np.bool_]
    sacral_is_doubtful: bool
    axis_is_doubtful: bool
    bodies: tuple[BodyPiece, ...]
    discs: tuple[DiscPiece, ...]
    guide: Guide
    fine_spacing_mm: tuple[float, float, float]


def find_instances(classes: LabelMap) -> Instances:
    """Split the vertebra and disc classes into instances.

    Discs are told apart by connection; their planes cut the bodies, which lie in
    front of the canal; posterior elements follow the body they are connected to.

    Parameters
    ----------
    classes : values of `TissueClass`, canonical orientation
    """
    steps = tuple(max(1, round(WORKING_MM / spacing)) for spacing in classes.grid.spacing_mm)
    coarse = _thinned(classes, steps)
    guide = guide_from_classes(coarse)
    discs = find_discs(coarse.data, guide)
    in_front = body_mask(coarse.data, guide)
    found = find_bodies(coarse.data, in_front, discs, guide)
    bodies = _presacral(coarse.data, found, discs, guide.spacing_mm)
    coarse_numbers = _grow_bodies(coarse.data, found)
    coarse_numbers[coarse_numbers > len(bodies)] = _SACRAL
    coarse_numbers[_atlas(coarse_numbers, bodies, discs, guide)] = _ATLAS
    numbers = _refined(coarse_numbers, np.isin(classes.data, _VERTEBRA), steps)
    return Instances(
        vertebra_numbers=np.where(numbers < _SACRAL, numbers, 0).astype(np.uint8),
        disc_numbers=_refined(
            _numbered(coarse.data.shape, discs), classes.data == TissueClass.DISC, steps
        ),
        atlas=numbers == _ATLAS,
        sacral=numbers == _SACRAL,
        sacral_is_doubtful=_is_doubtful(found, len(bodies)),
        axis_is_doubtful=uppermost_is_doubtful(discs, coarse.data),
        bodies=bodies,
        discs=discs,
        guide=guide,
        fine_spacing_mm=classes.grid.spacing_mm,
    )


def _presacral(
    classes: NDArray[np.uint8],
    bodies: tuple[BodyPiece, ...],
    discs: tuple[DiscPiece, ...],
    spacing_mm: tuple[float, float, float],
) -> tuple[BodyPiece, ...]:
    """Leave out what is called lumbar but lies under the last disc, above the sacrum: S1."""
    rows = np.flatnonzero(classes == TissueClass.SACRUM) % classes.shape[2]
    if len(rows) * float(np.prod(spacing_mm)) < SMALLEST_SACRUM_MM3:
        return bodies
    sacrum_mm = float(np.median(rows)) * spacing_mm[2]
    while len(bodies) > 1 and bodies[-1].center[2] > sacrum_mm and _is_sacral(bodies[-1], discs):
        bodies = bodies[:-1]
    return bodies


def _is_sacral(body: BodyPiece, discs: tuple[DiscPiece, ...]) -> bool:
    """Whether no disc, or only a remnant such as S1/S2, lies below a body."""
    if not 0 < body.discs_above <= len(discs):
        return False
    above = len(discs[body.discs_above - 1].voxels)
    below = [len(disc.voxels) for disc in discs[body.discs_above :]]
    return all(size < REMNANT_SHARE * above for size in below)


def _is_doubtful(found: tuple[BodyPiece, ...], kept: int) -> bool:
    """Whether the first piece left to the sacrum is as large as the vertebra above it."""
    if kept == len(found):
        return False
    return len(found[kept].voxels) > DOUBTFUL_SHARE * len(found[kept - 1].voxels)


def _thinned(classes: LabelMap, steps: tuple[int, ...]) -> LabelMap:
    """Keep every n-th voxel along each axis, from the first."""
    i, j, k = steps
    affine = classes.affine @ np.diag([i, j, k, 1.0])
    return LabelMap(np.ascontiguousarray(classes.data[::i, ::j, ::k]), affine)


def _numbered(shape: tuple[int, ...], pieces: Sequence[BodyPiece | DiscPiece]) -> NDArray[np.uint8]:
    numbers = np.zeros(shape, dtype=np.uint8)
    for number, piece in enumerate(pieces, start=1):
        numbers[tuple(piece.voxels.T)] = number
    return numbers


def _grow_bodies(classes: NDArray[np.uint8], bodies: tuple[BodyPiece, ...]) -> NDArray[np.uint8]:
    """Number posterior elements by the body they are connected to, nearest by path."""
    vertebra = np.isin(classes, _VERTEBRA)
    numbers = _numbered(classes.shape, bodies)
    box = _bounding_box(vertebra)
    if box is None or not bodies:
        return numbers
    inner, mask = numbers[box], vertebra[box]
    while True:
        reached = np.where(mask & (inner == 0), _highest_neighbor(inner), inner)
        if (reached == inner).all():
            break
        inner = reached
    numbers[box] = _adopt_orphans(inner, mask)
    return numbers


def _highest_neighbor(numbers: NDArray[np.uint8]) -> NDArray[np.uint8]:
    cross = ndimage.generate_binary_structure(3, 1)
    highest: NDArray[np.uint8] = ndimage.grey_dilation(numbers, footprint=cross)
    return highest


def _adopt_orphans(numbers: NDArray[np.uint8], vertebra: NDArray[np.bool_]) -> NDArray[np.uint8]:
    """Give each unconnected part the number most of its voxels are nearest to."""
    parts, count = ndimage.label(vertebra & (numbers == 0))
    if not count:
        return numbers
    distance, nearest = ndimage.distance_transform_edt(numbers == 0, return_indices=True)
    adopted = numbers.copy()
    for part, where in enumerate(ndimage.find_objects(parts), start=1):
        mine = parts[where] == part
        if distance[where][mine].min() * WORKING_MM > ORPHAN_REACH_MM:
            continue
        owners = numbers[tuple(axis[where][mine] for axis in nearest)]
        adopted[where][mine] = np.bincount(owners).argmax()
    return adopted


def _atlas(
    numbers: NDArray[np.uint8],
    bodies: tuple[BodyPiece, ...],
    discs: tuple[DiscPiece, ...],
    guide: Guide,
) -> NDArray[np.bool_]:
    """Find C1 in what the uppermost number holds: the ring around the dens of C2.

    No disc parts C1 from C2, and at the network's resolution they touch: C1 is what
    lies beside, before and behind the dens, above the body of C2.
    """
    atlas = np.zeros(numbers.shape, dtype=np.bool_)
    if not bodies or bodies[0].region is not TissueClass.CERVICAL or bodies[0].discs_above:
        return atlas
    voxels = np.argwhere(numbers == 1)
    points = voxels * np.asarray(guide.spacing_mm)
    if not discs or not len(points):
        return atlas
    before_canal = points[:, 1] - guide.wall_at(points[:, 2])
    beside = np.abs(points[:, 0] - guide.canal_right_at(points[:, 2]))
    dens = (before_canal > 0) & (before_canal < DENS_DEPTH_MM) & (beside < DENS_HALF_WIDTH_MM)
    high = -depth_below(points, discs[0]) > AXIS_BODY_MM
    atlas[tuple(voxels[high & ~dens].T)] = True
    return atlas


def _refined(
    numbers: NDArray[np.uint8], wanted: NDArray[np.bool_], steps: tuple[int, ...]
) -> NDArray[np.uint8]:
    """Carry numbers to the fine grid: each wanted voxel gets the nearest one within reach."""
    box = _bounding_box(numbers > 0)
    fine = np.zeros(wanted.shape, dtype=np.uint8)
    if box is None:
        return fine
    wide = tuple(
        slice(max(0, part.start - REFINING_VOXELS), part.stop + REFINING_VOXELS) for part in box
    )
    inner = numbers[wide]
    distance, nearest = ndimage.distance_transform_edt(inner == 0, return_indices=True)
    filled = np.where(distance <= REFINING_VOXELS, inner[tuple(nearest)], 0).astype(np.uint8)
    source = np.zeros_like(numbers)
    source[wide] = filled
    rows = [
        np.minimum((np.arange(length) + step // 2) // step, coarse - 1)
        for length, step, coarse in zip(wanted.shape, steps, numbers.shape, strict=True)
    ]
    return np.where(wanted, source[np.ix_(*rows)], 0).astype(np.uint8)


def _bounding_box(mask: NDArray[np.bool_]) -> tuple[slice, slice, slice] | None:
    if not mask.any():
        return None
    i, j, k = ndimage.find_objects(mask.astype(np.uint8))[0]
    return i, j, k
