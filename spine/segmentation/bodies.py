"""Vertebral bodies one by one: between disc planes, cut again where a disc was missed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spine.anatomy.labels import TissueClass
from spine.segmentation.canal import Guide
from spine.segmentation.discs import DiscPiece, Points, depth_below

# Beyond this distance planes of a curved spine cross; height along the column decides there.
PLANE_REACH_MM = 45.0
# Less than this is noise of the network, or a sliver of a vertebra outside the field of view.
SMALLEST_BODY_MM3 = 400.0
SMALLEST_BODY_MM = 4.0
# Between neighbors volumes differ by a tenth; C2 has its dens, wedged bodies lose a third.
DEBRIS_SHARE = 0.35
# A sliver at the edge of the field of view belongs to the row where no more than one vertebra
# lies between, in heights of the nearest body.
FARTHEST_SLIVER = 3.0
# A body this many times as tall as its neighbors is several: a disc between them was missed.
DOUBLE_BODY = 1.55
# Usual heights of bodies (docs/anatomy.md, 1.1), where neighbors cannot tell.
USUAL_HEIGHT_MM = {
    TissueClass.CERVICAL: 12.0,
    TissueClass.THORACIC: 19.0,
    TissueClass.LUMBAR: 25.0,
}


@dataclass(frozen=True, slots=True, eq=False)
class BodyPiece:
    """One vertebral body on the grid.

    Attributes
    ----------
    voxels : indices, shape (n, 3)
    center : grid millimeters
    height_mm : extent along the column
    votes : share of the body's voxels that the network calls cervical, thoracic, lumbar
    discs_above : number of disc planes above it
    """

    voxels: NDArray[np.intp]
    center: Points
    height_mm: float
    votes: tuple[float, float, float]
    discs_above: int

    @property
    def region(self) -> TissueClass:
        """The class of most of its voxels."""
        return TissueClass(TissueClass.CERVICAL + int(np.argmax(self.votes)))


def find_bodies(
    classes: NDArray[np.uint8],
    bodies: NDArray[np.bool_],
    discs: tuple[DiscPiece, ...],
    guide: Guide,
) -> tuple[BodyPiece, ...]:
    """Separate the bodies, head to foot.

    Parameters
    ----------
    classes : shape (i, j, k), values of `TissueClass`
    bodies : where the classes' vertebrae are bodies, from `body_mask`
    discs : head to foot
    """
    voxels = np.argwhere(bodies)
    number = _discs_above(voxels * np.asarray(guide.spacing_mm), discs)
    pieces = [
        piece
        for count in range(len(discs) + 1)
        if (piece := _piece(voxels[number == count], count, classes, guide)) is not None
    ]
    cut = [part for piece in pieces for part in _cut(piece, pieces, classes, guide)]
    cut.sort(key=lambda piece: -piece.center[2])
    return tuple(_without_debris(cut, classes.shape[2]))


def _discs_above(points: Points, discs: tuple[DiscPiece, ...]) -> NDArray[np.intp]:
    number = np.zeros(len(points), dtype=np.intp)
    for disc in discs:
        near = np.linalg.norm(points - disc.center, axis=1) < PLANE_REACH_MM
        below = np.where(near, depth_below(points, disc) > 0, points[:, 2] < disc.height)
        number += below
    return number


def _piece(
    voxels: NDArray[np.intp], discs_above: int, classes: NDArray[np.uint8], guide: Guide
) -> BodyPiece | None:
    """Measure a body; None where it is too small to be one."""
    spacing = np.asarray(guide.spacing_mm)
    if len(voxels) * float(np.prod(spacing)) < SMALLEST_BODY_MM3:
        return None
    center = (voxels * spacing).mean(axis=0)
    along = (voxels * spacing) @ guide.tangent_at(float(center[2]))
    low, high = np.percentile(along, (3, 97))
    height = float(high - low) + guide.spacing_mm[2]
    if height < SMALLEST_BODY_MM:
        return None
    values = classes[tuple(voxels.T)]
    votes = np.bincount(values, minlength=9)[TissueClass.CERVICAL : TissueClass.LUMBAR + 1]
    c, t, lumbar = votes / votes.sum()
    return BodyPiece(voxels, center, height, (float(c), float(t), float(lumbar)), discs_above)


def _cut(
    piece: BodyPiece, pieces: list[BodyPiece], classes: NDArray[np.uint8], guide: Guide
) -> list[BodyPiece]:
    """Cut a piece that is as tall as several bodies at its thinnest places."""
    usual = _usual_height(piece, [p for p in pieces if not _is_cut_off(p, classes.shape[2])])
    if _is_axis(piece) or piece.height_mm < DOUBLE_BODY * usual:
        return [piece]
    count = max(2, round(piece.height_mm / (1.2 * usual)))
    along = (piece.voxels * np.asarray(guide.spacing_mm)) @ guide.tangent_at(piece.center[2])
    parts = np.searchsorted(_thin_places(along, count, guide.spacing_mm[2]), along)
    found = [
        part
        for number in range(count)
        if (part := _piece(piece.voxels[parts == number], piece.discs_above, classes, guide))
    ]
    return found or [piece]


def _without_debris(pieces: list[BodyPiece], rows: int) -> list[BodyPiece]:
    """Leave out debris until what is left has none: it must not be measured by its like."""
    kept = [piece for at, piece in enumerate(pieces) if not _is_debris(at, pieces, rows)]
    return kept if len(kept) == len(pieces) else _without_debris(kept, rows)


def _is_debris(at: int, pieces: list[BodyPiece], rows: int) -> bool:
    """Whether a piece is far smaller than its neighbors although wholly in view, or far away."""
    piece, around = pieces[at], pieces[max(0, at - 2) : at + 3]
    typical = float(np.median([len(other.voxels) for other in around]))
    if len(piece.voxels) >= DEBRIS_SHARE * typical:
        return False
    return not _is_cut_off(piece, rows) or _is_far(piece, around)


def _is_far(piece: BodyPiece, around: list[BodyPiece]) -> bool:
    """Whether every other piece is farther than `FARTHEST_SLIVER` of its heights."""
    others = [other for other in around if other is not piece]
    return all(
        np.linalg.norm(other.center - piece.center) > FARTHEST_SLIVER * other.height_mm
        for other in others
    )


def _is_cut_off(piece: BodyPiece, rows: int) -> bool:
    """Whether the field of view ends within the body."""
    height = piece.voxels[:, 2]
    return bool(height.min() == 0 or height.max() == rows - 1)


def _usual_height(piece: BodyPiece, pieces: list[BodyPiece]) -> float:
    """Return the median height of the nearest bodies of its region, or the region's usual one."""
    alike = [other for other in pieces if other is not piece and other.region is piece.region]
    alike.sort(key=lambda other: abs(float(other.center[2] - piece.center[2])))
    if len(alike) < 2:
        return USUAL_HEIGHT_MM[piece.region]
    return float(np.median([other.height_mm for other in alike[:4]]))


def _is_axis(piece: BodyPiece) -> bool:
    """Whether it may be C2, whose dens doubles its height: the uppermost and cervical."""
    return piece.discs_above == 0 and piece.region is TissueClass.CERVICAL


def _thin_places(along: Points, count: int, step_mm: float) -> list[float]:
    """Return the positions of least cross-section near equal shares of the height, ascending."""
    low, high = float(along.min()), float(along.max())
    edges = np.arange(low, high + 2 * step_mm, step_mm)
    profile = np.histogram(along, edges)[0].astype(np.float64)
    area = ndimage.gaussian_filter1d(profile, 0.7, mode="nearest")
    pitch = (high - low) / count
    places = []
    for share in range(1, count):
        middle = low + share * pitch
        window = np.abs(edges[:-1] + step_mm / 2 - middle) < 0.25 * pitch
        candidates = np.flatnonzero(window)
        best = candidates[area[candidates].argmin()] if len(candidates) else None
        places.append(middle if best is None else float(edges[best] + step_mm / 2))
    return places
