"""Discs one by one: the planes that cut the column into vertebrae."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spine.anatomy.labels import TissueClass
from spine.segmentation.canal import Guide

Points = NDArray[np.float64]

# A collapsed upper thoracic disc seen in five slices still has some 400 mm3.
SMALLEST_DISC_MM3 = 150.0
# Pieces nearer than this along the column belong to one disc: no body is so flat.
SAME_DISC_MM = 6.0
SAME_DISC_REACH_MM = 45.0
# Much smaller pieces are fragments of a disc even somewhat farther from its plane.
FRAGMENT_SHARE = 0.3
FRAGMENT_MM = 12.0
# Neighboring discs differ less than twofold, a collapsed one perhaps fourfold.
SPECK_SHARE = 0.2
# The uppermost cervical disc beside the median of the next three. By voxels, C2/C3 has 0.49 or more
# of it, what is called a disc between the dens and the body of C2 0.19 to 0.59; by depth, C2/C3
# 0.84 or more, the remnant 0.43 to 0.93 (rendered subjects).
AXIS_REMNANT_SIZE = 0.45
# Size and depth together.
AXIS_REMNANT = (0.65, 0.8)
# Size or depth alone.
AXIS_DOUBTFUL = (0.6, 0.8)
# Thickness to depth of a disc, squared, above which its plane cannot be read from its shape.
LARGEST_FLATNESS = 0.45
# L5/S1 leans forward by up to 54 degrees (docs/anatomy.md, 5), the column there back by some ten.
LARGEST_TILT_DEGREES = 65.0


@dataclass(frozen=True, slots=True, eq=False)
class DiscPiece:
    """One disc on the grid.

    Attributes
    ----------
    voxels : indices, shape (n, 3)
    center, normal : grid millimeters; the normal points up along the column
    """

    voxels: NDArray[np.intp]
    center: Points
    normal: Points

    @property
    def height(self) -> float:
        """Position along the superior axis, mm."""
        return float(self.center[2])


def find_discs(classes: NDArray[np.uint8], guide: Guide) -> tuple[DiscPiece, ...]:
    """Separate the disc class into discs, head to foot.

    Parameters
    ----------
    classes : shape (i, j, k), values of `TissueClass`
    """
    numbers, _ = ndimage.label(classes == TissueClass.DISC)
    smallest = SMALLEST_DISC_MM3 / float(np.prod(guide.spacing_mm))
    pieces = [
        _piece(voxels, guide) for voxels in _voxels_by_number(numbers) if len(voxels) >= smallest
    ]
    discs = _merged(pieces, guide)
    rows = classes.shape[2]
    large = [disc for at, disc in enumerate(discs) if not _is_speck(at, discs, rows)]
    kept = tuple(disc for disc in large if not _is_inside_sacrum(disc, classes, guide))
    return _without_axis_remnants(kept, classes)


def uppermost_is_doubtful(discs: tuple[DiscPiece, ...], classes: NDArray[np.uint8]) -> bool:
    """Whether the uppermost disc may lie inside C2, between dens and body, and be none."""
    size, depth = _uppermost_shares(discs, classes)
    return size < AXIS_DOUBTFUL[0] or depth < AXIS_DOUBTFUL[1]


def _without_axis_remnants(
    discs: tuple[DiscPiece, ...], classes: NDArray[np.uint8]
) -> tuple[DiscPiece, ...]:
    """Leave out what lies inside C2, and above it what the field of view cuts."""
    cut = int(bool(discs) and _is_cut_above(discs[0], classes))
    size, depth = _uppermost_shares(discs[cut:], classes)
    if size < AXIS_REMNANT_SIZE or (size < AXIS_REMNANT[0] and depth < AXIS_REMNANT[1]):
        return _without_axis_remnants(discs[cut + 1 :], classes)
    return discs


def _is_cut_above(disc: DiscPiece, classes: NDArray[np.uint8]) -> bool:
    return bool(disc.voxels[:, 2].max() == classes.shape[2] - 1)


def _uppermost_shares(
    discs: tuple[DiscPiece, ...], classes: NDArray[np.uint8]
) -> tuple[float, float]:
    """Return voxels and depth of the uppermost disc as shares of the median of the next three.

    Returns
    -------
    1 where that tells nothing: fewer discs, none of the neck, or one that is cut by the field
    of view
    """
    if len(discs) < 4 or _is_cut_above(discs[0], classes):
        return 1.0, 1.0
    lowest, highest = discs[3].voxels[:, 2].min(), discs[0].voxels[:, 2].max()
    seen = np.bincount(classes[:, :, lowest:highest].ravel(), minlength=len(TissueClass))
    if seen[TissueClass.CERVICAL] <= seen[TissueClass.THORACIC] + seen[TissueClass.LUMBAR]:
        return 1.0, 1.0
    sizes = [len(disc.voxels) for disc in discs[:4]]
    depths = [float(disc.voxels[:, 1].std()) for disc in discs[:4]]
    size, depth = float(np.median(sizes[1:])), float(np.median(depths[1:]))
    return sizes[0] / size, depths[0] / depth if depth else 1.0


def depth_below(points: Points, disc: DiscPiece) -> Points:
    """Return how far points (n, 3), in grid mm, lie below a disc's plane; negative above."""
    depth: Points = (disc.center - points) @ disc.normal
    return depth


def plane_axes(tangent: Points) -> NDArray[np.float64]:
    """Return unit axes (lateral, anterior, superior) as rows, superior along a direction."""
    lateral = np.array([1.0, 0.0, 0.0]) - tangent[0] * tangent
    lateral /= np.linalg.norm(lateral)
    return np.stack([lateral, np.cross(tangent, lateral), tangent])


def disc_normal(offsets: Points, tangent: Points) -> Points:
    """Tilt the column's direction in the sagittal plane until it is normal to the disc.

    Parameters
    ----------
    offsets : the disc's voxels from its center, grid mm, shape (n, 3)
    tangent : the column's direction there, unit, pointing up

    Only the tilt seen in sagittal slices is taken from the disc itself: across
    a few thick slices its shape says little about sideways tilt, the column does.
    """
    axes = plane_axes(tangent)
    flat = offsets @ axes[1:].T
    variances, directions = np.linalg.eigh(np.cov(flat.T) + 1e-9 * np.eye(2))
    thin = directions[:, 0] * np.sign(directions[1, 0] or 1.0)
    tilt = np.degrees(np.arccos(np.clip(thin[1], -1, 1)))
    if variances[0] > LARGEST_FLATNESS * variances[1] or tilt > LARGEST_TILT_DEGREES:
        return tangent
    normal: Points = thin @ axes[1:]
    return normal


def _voxels_by_number(numbers: NDArray[np.int32]) -> list[NDArray[np.intp]]:
    voxels = np.argwhere(numbers)
    owner = numbers[tuple(voxels.T)]
    order = np.argsort(owner, kind="stable")
    starts = np.flatnonzero(np.diff(owner[order])) + 1
    return np.split(voxels[order], starts) if len(voxels) else []


def _piece(voxels: NDArray[np.intp], guide: Guide) -> DiscPiece:
    points = voxels * np.asarray(guide.spacing_mm)
    center = points.mean(axis=0)
    tangent = guide.tangent_at(float(center[2]))
    return DiscPiece(voxels, center, disc_normal(points - center, tangent))


def _merged(pieces: list[DiscPiece], guide: Guide) -> list[DiscPiece]:
    """Join pieces of one disc: halves side by side, and fragments such as an extrusion."""
    discs: list[DiscPiece] = []
    for piece in sorted(pieces, key=lambda piece: -len(piece.voxels)):
        near = sorted(range(len(discs)), key=lambda n: _distance(piece, discs[n]))
        home = next((n for n in near if _is_part(piece, discs[n], guide)), None)
        if home is None:
            discs.append(piece)
        else:
            discs[home] = _joined(discs[home], piece, guide)
    return sorted(discs, key=lambda disc: -disc.height)


def _joined(disc: DiscPiece, piece: DiscPiece, guide: Guide) -> DiscPiece:
    """Add a piece's voxels; a fragment leaves the disc's plane as it was."""
    voxels = np.concatenate([disc.voxels, piece.voxels])
    if _is_fragment(piece, disc):
        return DiscPiece(voxels, disc.center, disc.normal)
    return _piece(voxels, guide)


def _is_part(piece: DiscPiece, disc: DiscPiece, guide: Guide) -> bool:
    if _distance(piece, disc) > SAME_DISC_REACH_MM:
        return False
    apart = abs(float(depth_below(piece.center[None], disc)[0]))
    if not _is_fragment(piece, disc):
        return apart < SAME_DISC_MM
    # Nothing in the canal is a disc of its own, wherever it has wandered.
    in_canal = bool(piece.center[1] < guide.wall_at(piece.center[2:])[0])
    return in_canal or apart < FRAGMENT_MM


def _is_fragment(piece: DiscPiece, disc: DiscPiece) -> bool:
    return len(piece.voxels) < FRAGMENT_SHARE * len(disc.voxels)


def _distance(piece: DiscPiece, disc: DiscPiece) -> float:
    return float(np.linalg.norm(piece.center - disc.center))


def _is_speck(at: int, discs: list[DiscPiece], rows: int) -> bool:
    """Whether a disc is far smaller than its neighbors although wholly in view."""
    height = discs[at].voxels[:, 2]
    if height.min() == 0 or height.max() == rows - 1:
        return False
    neighbors = [len(other.voxels) for other in discs[max(0, at - 2) : at + 3]]
    return len(discs[at].voxels) < SPECK_SHARE * float(np.median(neighbors))


def _is_inside_sacrum(disc: DiscPiece, classes: NDArray[np.uint8], guide: Guide) -> bool:
    """Whether the sacrum lies directly above: a remnant such as S1/S2, no disc of the report."""
    reach = disc.voxels * np.asarray(guide.spacing_mm) + 10.0 * disc.normal
    index = np.rint(reach / np.asarray(guide.spacing_mm)).astype(np.intp)
    inside = ((index >= 0) & (index < classes.shape)).all(axis=1)
    above = classes[tuple(index[inside].T)]
    sacrum = np.count_nonzero(above == TissueClass.SACRUM)
    vertebra = np.count_nonzero((above >= TissueClass.CERVICAL) & (above <= TissueClass.LUMBAR))
    return bool(sacrum > vertebra)
