"""The spinal canal as a curve: where the sac and the cord run, and how wide they are."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.interpolate import CubicSpline, PchipInterpolator

from phantom.canvas import Field
from phantom.curve import Skeleton
from phantom.subjects import Subject
from spine.anatomy.levels import Level

Table = NDArray[np.float32]

_STEP_MM = 0.5
_POSTERIOR_WALL_MM = 1.2
"""From the body's posterior wall to the sac: ligament and dura (memory: 1 to 2)."""


@dataclass(frozen=True, slots=True, eq=False)
class CanalCurve:
    """Tables over world height, 0.5 mm apart, mm.

    Attributes
    ----------
    start : height of the first entry
    x, y : center of the sac; slope_y : dy/dz
    smooth_y : y without its short bends, for the skin
    front, back, side : half axes of the sac
    bone_back, bone_side : of the bony canal
    cord_ap, cord_lr : half axes of the cord, 0 below the conus
    cord_shift : cord's center in front of the sac's
    cord_top, conus, sac_end : heights where they begin or end
    """

    start: float
    x: Table
    y: Table
    smooth_y: Table
    slope_y: Table
    front: Table
    back: Table
    side: Table
    bone_back: Table
    bone_side: Table
    cord_ap: Table
    cord_lr: Table
    cord_shift: Table
    cord_top: float
    conus: float
    sac_end: float

    def index(self, height: Field | NDArray[np.float64]) -> NDArray[np.int32]:
        """Return table positions of world heights, clipped to the table."""
        position = (height - np.float32(self.start)) * np.float32(1 / _STEP_MM)
        index: NDArray[np.int32] = np.clip(position, 0, len(self.x) - 1).astype(np.int32)
        return index

    def at(self, height: float) -> tuple[float, float]:
        """Return the center (x, y) at one height."""
        index = int(self.index(np.array([height], np.float32))[0])
        return float(self.x[index]), float(self.y[index])


def canal_curve(subject: Subject, skeleton: Skeleton) -> CanalCurve:
    """Run a smooth curve behind all bodies, from the pons to the sacrum."""
    stations = _stations(skeleton)
    z = np.arange(stations[-1, 2] - 60, stations[0, 2] + 1, _STEP_MM)
    ends = _conus_height(subject, skeleton), _sac_end_height(subject, skeleton)
    tables = _path_tables(stations, z) | _size_tables(skeleton, stations, z, ends)
    return CanalCurve(
        start=float(z[0]),
        cord_top=float(skeleton.bodies[0].frame.world(0, 0, 14)[2]),
        conus=ends[0],
        sac_end=ends[1],
        **{name: np.asarray(table, np.float32) for name, table in tables.items()},
    )


def _path_tables(
    stations: NDArray[np.float64], z: NDArray[np.float64]
) -> dict[str, NDArray[np.float64]]:
    """Center and slope; below the last station the curve stands still."""
    path = CubicSpline(stations[::-1, 2], stations[::-1, :2])
    held = np.maximum(z, stations[-1, 2])
    x, y = path(held).T
    smooth = ndimage.gaussian_filter1d(y, 30 / _STEP_MM, mode="nearest")
    return {"x": x, "y": y, "smooth_y": smooth, "slope_y": path(held, 1)[:, 1]}


def _size_tables(
    skeleton: Skeleton,
    stations: NDArray[np.float64],
    z: NDArray[np.float64],
    ends: tuple[float, float],
) -> dict[str, NDArray[np.float64]]:
    """Half axes of sac, canal and cord; `ends` are the heights of conus and sac end."""
    inside = np.clip(z, stations[-1, 2], stations[0, 2])
    half = PchipInterpolator(stations[::-1, 2], stations[::-1, 3:])(inside) / 2
    narrow, dent = _narrowing(skeleton, z)
    taper = np.clip((z - ends[0]) / 28, 0, 1) ** 0.6
    closing = np.clip((z - ends[1]) / 18, 0, 1) ** 0.5
    return {
        "front": np.maximum(half[:, 0] * (1 - narrow) - dent, 2.0) * closing,
        "back": half[:, 0] * (1 - narrow) * closing,
        "side": half[:, 1] * (1 - 0.7 * narrow) * closing,
        "bone_back": half[:, 0] + 0.8 + _fat_pads(skeleton, z),
        "bone_side": half[:, 1] + 0.25 * np.maximum(half[:, 5] - half[:, 1], 0) + 0.8,
        "cord_ap": half[:, 2] * taper,
        "cord_lr": half[:, 3] * taper,
        "cord_shift": _cord_shift(skeleton, z),
    }


def _stations(skeleton: Skeleton) -> NDArray[np.float64]:
    """Return rows of x, y, z, sac AP, sac LR, cord AP, cord LR, canal AP, canal LR, head first."""
    rows = []
    for body in skeleton.bodies:
        size = body.state.size
        depth = 0.96 * (size.depth_up + size.depth_low) / 2
        behind = -depth / 2 - _POSTERIOR_WALL_MM - size.sac_ap / 2
        sizes = (size.sac_ap, size.sac_lr, size.cord_ap, size.cord_lr, size.canal_ap, size.canal_lr)
        rows.append((*body.frame.world(0, behind, 0), *sizes))
    atlas, top = skeleton.bodies[0], rows[0]
    # Foramen magnum, then the pons: the stem widens and leans forward (memory).
    for up, forward, sac, stem in ((22.0, 0.0, 16.0, 11.0), (45.0, 5.0, 22.0, 14.0)):
        shift = atlas.frame.axes[1] * forward
        rows.insert(0, (top[0], top[1] + shift[1], top[2] + up, sac, 24, stem, 14, sac + 6, 30))
    for segment, sac in zip(skeleton.sacrum[:3], (11.5, 8.0, 5.0), strict=True):
        behind = -segment.depth * 0.47 - _POSTERIOR_WALL_MM - sac / 2
        rows.append((*segment.frame.world(0, behind, 0), sac, 1.25 * sac, 5, 7, sac + 4, 26))
    return np.array(rows)


def _narrowing(
    skeleton: Skeleton, z: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the share of the sac lost to stenosis, and the dent of bulges in mm, over height."""
    narrow, dent = np.zeros_like(z), np.zeros_like(z)
    for disc in skeleton.discs:
        height = disc.frame.world(0, -disc.depth / 2, 0)[2]
        bell = np.exp(-(((z - height) / 6) ** 2))
        narrow = np.maximum(narrow, disc.state.stenosis * bell)
        dent += (0.6 + 0.8 * disc.state.bulge_mm) * np.exp(-(((z - height) / 4.5) ** 2))
    return narrow, dent


def _fat_pads(skeleton: Skeleton, z: NDArray[np.float64]) -> NDArray[np.float64]:
    """Epidural fat behind the sac, mm: triangles between laminae, largest in the lumbar canal."""
    pads = np.zeros_like(z)
    size = {"C": 0.4, "T": 2.2, "L": 5.5}
    for disc in skeleton.discs:
        height = disc.frame.world(0, -disc.depth / 2 - 20, 0)[2]
        reach = 3.0 + 0.12 * disc.depth
        most = size[disc.state.level.above.value[0]]
        pads = np.maximum(pads, most * np.clip(1 - np.abs(z - height) / (2 * reach), 0, 1))
    return pads


def _cord_shift(skeleton: Skeleton, z: NDArray[np.float64]) -> NDArray[np.float64]:
    """The cord takes the short way: in front in the thorax, behind at the conus (memory)."""
    heights = [skeleton.body(level).frame.origin[2] for level in (Level.L2, Level.L1)]
    heights += [skeleton.body(level).frame.origin[2] for level in (Level.T6, Level.T1, Level.C4)]
    return np.interp(z, heights, (-3.2, -2.2, 1.4, 0.2, 0.0))


def _conus_height(subject: Subject, skeleton: Skeleton) -> float:
    """Height of a position in vertebral units: 1.0 is the top of L1, 2.0 the top of L2."""
    lumbar = [body for body in skeleton.bodies if body.state.level.value[0] == "L"]
    last_thoracic = skeleton.bodies[-len(lumbar) - 1]
    tops = [b.frame.world(0, 0, b.height / 2)[2] for b in (last_thoracic, *lumbar)]
    return float(np.interp(subject.person.build.conus, range(len(tops)), tops))


def _sac_end_height(subject: Subject, skeleton: Skeleton) -> float:
    centers = [s.frame.origin[2] for s in skeleton.sacrum[:3]]
    return float(np.interp(subject.person.build.sac_end, (1, 2, 3), centers))
