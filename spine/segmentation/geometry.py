"""Centers, axes, sizes and shapes of vertebrae and discs, measured on the label map."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spine.anatomy.alignment import are_alike, listhesis
from spine.anatomy.geometry import (
    DiscFrame,
    DiscGeometry,
    Endplate,
    SpineGeometry,
    VertebraGeometry,
)
from spine.anatomy.labels import CORD, CSF, DISC_BY_LABEL, LEVEL_BY_LABEL, SACRUM
from spine.anatomy.levels import DiscLevel, Level, Region
from spine.imaging.volume import LabelMap
from spine.segmentation.canal import Guide
from spine.segmentation.disc_shape import measure_disc
from spine.segmentation.discs import Points, disc_normal, plane_axes
from spine.segmentation.dural_sac import sac_diameter_mm
from spine.segmentation.morphometry import NOTHING, Body, measure_body, measure_end
from spine.segmentation.placement import (
    grid_direction,
    grid_point,
    world_direction,
    world_point,
)
from spine.segmentation.profiles import midline_profile
from spine.segmentation.sections import Axes, Patch, patch

Voxels = dict[int, NDArray[np.intp]]

# Midline bone up to this far behind the canal's smoothed front wall is body: a body that has
# slipped back lies behind it, the arch begins behind the whole sac.
BEHIND_WALL_MM = 4.0
# The midline counts as seen this far from the first and the last slice: nearer, the stack shows
# one half of the canal only, and its middle is not that of the patient.
BESIDE_MIDLINE_MM = 4.5
# From the rim of a disc into the bone whose only endplate it covers.
INTO_BONE_MM = 8.0
# Share of the median width by which a body may differ from it: neighbors differ by a tenth.
ODD_WIDTH = 0.25


def measure(labels: LabelMap, guide: Guide) -> SpineGeometry:
    """Measure every vertebra that lies wholly in view, C1 and the sacrum excepted, and every disc.

    Parameters
    ----------
    labels : values of `spine.anatomy.labels`, canonical orientation
    guide : of the same field of view; its grid may be coarser
    """
    return _Ruler(labels, guide, _voxels(labels)).spine()


def _voxels(labels: LabelMap) -> Voxels:
    boxes = ndimage.find_objects(labels.data)
    return {
        value: np.argwhere(labels.data[box] == value) + [part.start for part in box]
        for value, box in enumerate(boxes, start=1)
        if box is not None and (value in LEVEL_BY_LABEL or value in DISC_BY_LABEL)
    }


@dataclass(frozen=True, slots=True, eq=False)
class _Ruler:
    """What all measures of one label map share; positions are grid mm."""

    labels: LabelMap
    guide: Guide
    voxels: Voxels

    def spine(self) -> SpineGeometry:
        sac = self._patch(np.argwhere(np.isin(self.labels.data, (CORD, CSF))))
        discs = [
            self._disc(DISC_BY_LABEL[value], indices, sac)
            for value, indices in self.voxels.items()
            if value in DISC_BY_LABEL
        ]
        discs.sort(key=lambda disc: disc.level.above.order)
        vertebrae = self._vertebrae(discs)
        spine = SpineGeometry(vertebrae, (), _mean_width(vertebrae))
        spine = replace(spine, sacral_endplate=self._sacral_endplate(discs, spine))
        return replace(spine, discs=tuple(_with_neighbors(disc, spine) for disc in discs))

    def _disc(self, level: DiscLevel, indices: NDArray[np.intp], sac: Patch | None) -> DiscGeometry:
        grid = self.labels.grid
        points = indices * np.asarray(grid.spacing_mm)
        center = points.mean(axis=0)
        tangent = self.guide.tangent_at(float(center[2]))
        directions = plane_axes(disc_normal(points - center, tangent))
        lateral, anterior, superior = (world_direction(grid, axis) for axis in directions)
        axes = Axes(self._onto_midline(center), directions)
        structure = self._patch(indices) if self._sees_midline(axes) else None
        return DiscGeometry(
            level,
            DiscFrame(world_point(grid, center), lateral, anterior, superior),
            midline_profile(indices, self.labels, self.guide).height_mm(directions),
            self._volume_mm3(indices),
            None if structure is None else self._extent_mm(indices, directions[2]),
            None if structure is None else measure_disc(structure, axes),
            sac_diameter_mm=None
            if sac is None or structure is None
            else sac_diameter_mm(sac, axes),
        )

    def _vertebrae(self, discs: list[DiscGeometry]) -> tuple[VertebraGeometry, ...]:
        found = []
        for value, indices in self.voxels.items():
            level = LEVEL_BY_LABEL.get(value)
            if level is None or level is Level.C1 or level.region is Region.SACRAL:
                continue
            body = self._in_front(indices, 0.0)
            if len(body) and not self._is_cut_off(body):
                found.append(self._vertebra(level, body, discs))
        return tuple(sorted(found, key=lambda vertebra: vertebra.level.order))

    def _vertebra(
        self, level: Level, body: NDArray[np.intp], discs: list[DiscGeometry]
    ) -> VertebraGeometry:
        grid = self.labels.grid
        center = (body * np.asarray(grid.spacing_mm)).mean(axis=0)
        normals = [
            grid_direction(grid, disc.frame.superior)
            for disc in discs
            if level in (disc.level.above, disc.level.below)
        ]
        along = np.mean(normals, axis=0) if normals else self.guide.tangent_at(float(center[2]))
        directions = plane_axes(along / np.linalg.norm(along))
        profile = midline_profile(body, self.labels, self.guide)
        found = self._body(level, Axes(self._onto_midline(center), directions), discs)
        return VertebraGeometry(
            level,
            world_point(grid, center),
            profile.width_mm(directions),
            profile.height_mm(directions),
            self._volume_mm3(body),
            found.shape,
            found.upper,
            found.lower,
        )

    def _body(self, level: Level, axes: Axes, discs: list[DiscGeometry]) -> Body:
        """Measure shape and endplates; of C2, which bears the dens, the lower endplate only."""
        value = next(value for value, named in LEVEL_BY_LABEL.items() if named is level)
        structure = self._patch(self._in_front(self.voxels[value], BEHIND_WALL_MM))
        if structure is None or not self._sees_midline(axes):
            return NOTHING
        if level is not Level.C2:
            return measure_body(structure, axes, self.labels.grid)
        below = next((disc for disc in discs if disc.level.above is level), None)
        if below is None:
            return NOTHING
        inside = self._axes_of(below).moved(0.0, below.height_mm / 2 + INTO_BONE_MM)
        return Body(None, None, measure_end(structure, inside, self.labels.grid, is_upper=False))

    def _sacral_endplate(self, discs: list[DiscGeometry], spine: SpineGeometry) -> Endplate | None:
        """Measure S1's upper endplate; only one about as deep as the endplate above is believed.

        The sacrum has no other face to hold it against, and its mask is often in pieces.
        """
        above = next((disc for disc in discs if disc.level.below is Level.S1), None)
        if above is None or SACRUM not in self.voxels:
            return None
        structure = self._patch(self._in_front(self.voxels[SACRUM], BEHIND_WALL_MM))
        if structure is None or not self._sees_midline(self._axes_of(above)):
            return None
        inside = self._axes_of(above).moved(0.0, -above.height_mm / 2 - INTO_BONE_MM)
        found = measure_end(structure, inside, self.labels.grid, is_upper=True)
        facing = spine.lower_endplate(above.level.above)
        if found is None or facing is None or not are_alike(found, facing):
            return None
        return found

    def _axes_of(self, disc: DiscGeometry) -> Axes:
        """Return a disc's axes at the midline."""
        grid = self.labels.grid
        center = self._onto_midline(grid_point(grid, disc.frame.center))
        return Axes(center, plane_axes(grid_direction(grid, disc.frame.superior)))

    def _onto_midline(self, center: Points) -> Points:
        """Shift a point sideways to the canal's center."""
        right = float(self.guide.canal_right_at(center[2:])[0])
        return np.array([right, center[1], center[2]])

    def _sees_midline(self, axes: Axes) -> bool:
        """Whether the stack of slices reaches far enough to both sides of an origin."""
        spacing = self.labels.grid.spacing_mm[0]
        last = (self.labels.data.shape[0] - 1) * spacing
        return bool(BESIDE_MIDLINE_MM <= axes.origin[0] <= last - BESIDE_MIDLINE_MM)

    def _in_front(self, indices: NDArray[np.intp], behind_mm: float) -> NDArray[np.intp]:
        """Keep voxels in front of the canal's front wall, or up to a distance behind it."""
        points = indices * np.asarray(self.labels.grid.spacing_mm)
        kept: NDArray[np.intp] = indices[
            points[:, 1] > self.guide.wall_at(points[:, 2]) - behind_mm
        ]
        return kept

    def _is_cut_off(self, body: NDArray[np.intp]) -> bool:
        """Whether the field of view ends within the body."""
        rows = body[:, 2]
        return bool(rows.min() == 0 or rows.max() == self.labels.data.shape[2] - 1)

    def _volume_mm3(self, indices: NDArray[np.intp]) -> float:
        return len(indices) * float(np.prod(self.labels.grid.spacing_mm))

    def _extent_mm(self, indices: NDArray[np.intp], normal: Points) -> float:
        """Return the middle 96 % of a disc's extent along its normal, extruded material left out.

        A voxel's own extent is added, so that a disc one voxel thick is not flat.
        """
        spacing = np.asarray(self.labels.grid.spacing_mm)
        along = self._in_front(indices, 0.0) * spacing @ normal
        if not len(along):
            return 0.0
        low, high = np.percentile(along, (2, 98))
        return float(high - low + np.abs(normal) @ spacing)

    def _patch(self, indices: NDArray[np.intp]) -> Patch | None:
        if not len(indices):
            return None
        return patch(self.labels.data, indices, self.labels.grid.spacing_mm)


def _with_neighbors(disc: DiscGeometry, spine: SpineGeometry) -> DiscGeometry:
    """Add what a disc's neighbors take part in: height index and slip."""
    above, below = disc.level.above, disc.level.below
    lower, upper = spine.lower_endplate(above), spine.upper_endplate(below)
    ends = [end for end in (spine.upper_endplate(above), lower) if end is not None]
    index = None
    if disc.shape is not None and ends:
        index = disc.shape.mean_height_mm / float(np.mean([end.depth_mm for end in ends]))
    slip = None
    if lower is not None and upper is not None and are_alike(lower, upper):
        slip = listhesis(lower, upper)
    return replace(disc, height_index=index, listhesis=slip)


def _mean_width(vertebrae: tuple[VertebraGeometry, ...]) -> float:
    """Return P2's w: P2 images the lumbar spine, so lumbar widths where there are any.

    A body far from the median was measured wrongly, and must not shrink or stretch the region
    of every disc.
    """
    lumbar = [v.width_mm for v in vertebrae if v.level.region is Region.LUMBAR]
    widths = np.array(lumbar or [v.width_mm for v in vertebrae])
    if not len(widths):
        return float("nan")
    median = np.median(widths)
    alike = widths[np.abs(widths - median) <= ODD_WIDTH * median]
    return float(alike.mean()) if len(alike) else float("nan")
