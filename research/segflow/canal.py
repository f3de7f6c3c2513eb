"""Finding the canal: in T2 the longest bright tube with dark walls, discs and bodies before it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.graph import MCP_Geometric

from research.segflow.images import PIXEL_MM, WorkImage
from spine.errors import Code, SegmentationError

# The sac is 10 to 18 mm deep (docs/anatomy.md, 5.2, measured on real patients): a band of 9 mm
# lies within it, and one 11 mm away within its neighbors.
HALF_BAND_MM = 4.7
FLANK_MM = 11.2
# Behind the sac lies fat, in parts as bright as fluid (docs/anatomy.md, 5.1: posterior p95 2.3
# to CSF 4.1): the contrast behind may be lower by this much (log). Assumption.
LENIENCE_BEHIND = 0.5
# The back wall of the lumbar canal is never nearer to the skin than 38 mm (docs/anatomy.md,
# 5.1); the sacral one is: assumption.
SKIN_MM, SACRAL_SKIN_MM = 25.0, 12.0
# The part of a lumbar image, from below, in which the sacrum may lie. Assumption.
SACRAL_PART = 0.4
# Angles of the canal to the vertical: upright, and two for the sacrum.
TILTS_DEGREES = (0.0, 30.0, 60.0)
# Half resolution in plane is enough for a tube of 10 mm, and eight times faster.
_STEP = 2
_PIXEL = _STEP * PIXEL_MM
# Smoothing across slices, and the least cost of a step to the next one, in pixels. Assumption.
SLICE_SIGMA_MM, SIDEWAYS = 0.9, 1.5
# Half of what holds the column: bodies are 45 mm wide (docs/anatomy.md, 1.1), and a margin.
MIDDLE_MM = 14.0
# Ends of the image in which coils fade. Assumption.
_TOP, _BOTTOM = 0.97, 0.08
# Median evidence along the path below which nothing bright was followed; real images give
# 0.2 to 0.9. Assumption.
LEAST_EVIDENCE = 0.08


@dataclass(frozen=True, slots=True, eq=False)
class CanalPath:
    """The canal from above downward, on the working grid.

    Attributes
    ----------
    points : (n, 3), indices i, j, k
    evidence : median along the path, 0 to 1.5
    """

    points: NDArray[np.float64]
    evidence: float


def find_canal(image: WorkImage) -> CanalPath:
    """Follow the cheapest path from the top of the image to its bottom.

    Raises
    ------
    SegmentationError
        ``SEGMENTATION_FAILED`` if what was followed is not a bright tube.

    Source
    ------
    Minimal path: Cohen and Kimmel, IJCV 1997; here with `skimage.graph.MCP_Geometric`.
    """
    half = _halved(image.data)
    evidence = _evidence(half, image.slice_mm)
    height = half.shape[2]
    top, bottom = int(_TOP * height), int(_BOTTOM * height)
    paths = MCP_Geometric(
        1 / (0.02 + evidence), sampling=(max(SIDEWAYS, image.slice_mm / _PIXEL), 1, 1)
    )
    starts = [(i, j, top) for i in range(half.shape[0]) for j in range(half.shape[1])]
    costs, _ = paths.find_costs(starts)
    end = np.unravel_index(int(np.argmin(costs[:, :, bottom])), costs.shape[:2])
    path = np.array(paths.traceback((*end, bottom)))
    median = float(np.median(evidence[tuple(path.T)]))
    if median < LEAST_EVIDENCE:
        raise SegmentationError(Code.SEGMENTATION_FAILED, "no bright canal was found")
    return CanalPath(path * (1, _STEP, _STEP) + (0, 0.5, 0.5), median)


def _halved(data: NDArray[np.float32]) -> NDArray[np.float32]:
    i, j, k = data.shape[0], data.shape[1] // _STEP, data.shape[2] // _STEP
    blocks = data[:, : j * _STEP, : k * _STEP].reshape(i, j, _STEP, k, _STEP)
    mean: NDArray[np.float32] = blocks.mean((2, 4))
    return mean


def _evidence(data: NDArray[np.float32], slice_mm: float) -> NDArray[np.float64]:
    """Say how much each voxel looks like canal, 0 to 1.5."""
    bright = float(np.percentile(data, 98))
    logs = np.log(np.clip(data, 0.05 * bright, bright))
    smooth = ndimage.gaussian_filter(logs, (SLICE_SIGMA_MM / slice_mm, 0, 0))
    tube = np.max([_tube(smooth, np.deg2rad(tilt)) for tilt in TILTS_DEGREES], axis=0) / bright
    sacral = np.arange(data.shape[2]) < SACRAL_PART * data.shape[2]
    column = np.where(sacral, 1.0, _column_before(_middle(logs, slice_mm)))
    near_skin = _depth_mm(data, bright) < np.where(sacral, SACRAL_SKIN_MM, SKIN_MM)
    evidence: NDArray[np.float64] = np.where(near_skin, 0.0, tube * column)
    return evidence


def _tube(logs: NDArray[np.float32], tilt: float) -> NDArray[np.float64]:
    """Return contrast to both flanks times brightness for a canal that falls backward."""
    down = np.array([-np.sin(tilt), -np.cos(tilt)])
    forward = np.array([np.cos(tilt), -np.sin(tilt)])
    along = _mean_along(logs, down, 2)
    flank = _mean_along(along, forward, 1)
    center = _mean_along(along, forward, round(HALF_BAND_MM / _PIXEL))
    offset = forward * FLANK_MM / _PIXEL
    before = center - _moved(flank, offset)
    behind = center - _moved(flank, -offset) + LENIENCE_BEHIND
    contrast = np.clip(np.minimum(before, behind), 0, 1.5)
    tube: NDArray[np.float64] = contrast * np.exp(center)
    return tube


def _column_before(logs: NDArray[np.float32]) -> NDArray[np.float64]:
    """Say whether a column lies 10 to 30 mm in front: edges there run across, not along.

    Endplates cross the column every 15 to 30 mm; in fat, muscle and behind the canal edges
    run along. Shape (1, j, k), 0.05 to 1.
    """
    smooth = ndimage.gaussian_filter(logs, (0, 1, 1))
    edges = np.abs(np.gradient(smooth, axis=2)) - np.abs(np.gradient(smooth, axis=1))
    across = ndimage.uniform_filter(edges.mean(0), (_odd(20), _odd(40)))
    column = np.zeros_like(across)
    ahead = round(20 / _PIXEL)
    column[:-ahead] = across[ahead:]
    highest = max(float(np.percentile(column, 99)), 1e-6)
    clipped: NDArray[np.float64] = np.clip(column / highest, 0.05, 1)[np.newaxis]
    return clipped


def _middle(data: NDArray[np.float32], slice_mm: float) -> NDArray[np.float32]:
    """Return the slices near the middle one."""
    center, reach = (len(data) - 1) / 2, MIDDLE_MM / slice_mm
    return data[max(0, int(np.ceil(center - reach))) : int(center + reach) + 1]


def _depth_mm(data: NDArray[np.float32], bright: float) -> NDArray[np.float64]:
    """Return the distance to the skin of the back, shape (1, j, k); axis j runs forward."""
    body = ndimage.uniform_filter(data.mean(0), 3) > 0.08 * bright
    body = ndimage.binary_opening(body, iterations=2)
    skin = np.argmax(body, axis=0)
    depth: NDArray[np.float64] = (np.arange(data.shape[1])[:, np.newaxis] - skin)[
        np.newaxis
    ] * _PIXEL
    return depth


def _mean_along(
    data: NDArray[np.float32], direction: NDArray[np.float64], reach: int
) -> NDArray[np.float32]:
    steps = [_moved(data, direction * step) for step in range(-reach, reach + 1)]
    mean: NDArray[np.float32] = np.mean(steps, axis=0)
    return mean


def _moved(data: NDArray[np.float32], offset: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the data as seen ``offset`` pixels further along (j, k)."""
    if not np.any(offset):
        return data
    moved: NDArray[np.float32] = ndimage.shift(data, (0, *-offset), order=1, mode="nearest")
    return moved


def _odd(length_mm: float) -> int:
    return 2 * int(length_mm / _PIXEL / 2) + 1
