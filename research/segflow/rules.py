"""Rule-based masks of vertebrae: sub-optimal, several an image, made to be voted upon."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise, product

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.segmentation import watershed

from research.segflow.canal import find_canal
from research.segflow.images import PIXEL_MM, WorkImage
from research.segflow.levels import Column, SacralSign, fall, find_column
from research.segflow.straightening import straighten

# Seeds keep away from discs and walls, in mm: a disc with endplates is at most 14 mm high
# (docs/anatomy.md, 5.2), a body at least 28 mm deep.
DISC_HALF_MM = 7
SEED_T_MM = (5, 22)
# Nothing of a vertebral body lies further forward than this part of the usual depth, and no
# body of the adults measured is deeper than 45 mm with its osteophytes. Assumption.
FARTHEST = 1.5
# Pedicles begin where the body ends; what lies further back is sought by other rules.
PEDICLES_FROM_MM = -6.0
# Between the back wall of the bodies and that of the canal (docs/anatomy.md, 5.2: 10 to 15 mm).
SAC_MM = (-10, -3)
CANAL_HALF_WIDTH_MM = 4.0
# Lumbar bodies are up to 52 mm wide (docs/anatomy.md, 1.1, and two deviations). Assumption.
HALF_WIDTH_MM = 26.0
# Posterior elements: from the bodies' back wall (pedicles) to the longest spinous process,
# 35 mm behind the canal. Assumption.
POSTERIOR_MM = (-52.0, 0.0)
# Marrow there is at 1.02, standard deviation 0.13, of the bodies'; muscle at 0.28, fat at 2.3
# (docs/anatomy.md, 5.1).
POSTERIOR_SIGNAL = (0.4, 1.9)
# How far before the front wall a body may reach: osteophytes. Assumption.
OSTEOPHYTE_MM = 4.0
_FREE, _OTHER, _FIRST_BODY = 0, 1, 2


@dataclass(frozen=True, slots=True)
class RuleSettings:
    """One way of applying the rules; relative signals are of the body's own.

    Attributes
    ----------
    sigma_mm : smoothing before the watershed
    least : of a voxel of bone marrow; the cortex is at 0.1, half way is 0.55
    sacral_sign : where the sacrum begins
    """

    sigma_mm: float
    least: float
    sacral_sign: SacralSign


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """What several settings say of one image; bool, shape (settings, i, j, k)."""

    masks: NDArray[np.bool_]
    column: Column = field(repr=False)


# Where these disagree about the sacrum, the vertebra in question is left to the network.
SACRAL_SIGNS = (SacralSign(0.5, 2.0), SacralSign(0.75, 1.0), SacralSign(1.0, 1.0))
SETTINGS = tuple(RuleSettings(*values) for values in product((0.6, 1.0), (0.45, 0.6), SACRAL_SIGNS))


def candidates(image: WorkImage, settings: tuple[RuleSettings, ...] = SETTINGS) -> Candidates:
    """Find the vertebrae by each of the settings.

    Raises
    ------
    SegmentationError
        Where no canal or too few discs are found.
    """
    column = find_column(straighten(image, find_canal(image)))
    return Candidates(np.stack(list(_masks(image, column, settings))), column)


def _masks(
    image: WorkImage, column: Column, settings: tuple[RuleSettings, ...]
) -> Iterator[NDArray[np.bool_]]:
    """Share what settings have in common: the flooding, and all but where the sacrum begins."""

    @cache
    def relative(sigma_mm: float) -> NDArray[np.float64]:
        return relative_signal(image, column, sigma_mm)

    @cache
    def regions(sigma_mm: float) -> NDArray[np.int32]:
        return flooded(relative(sigma_mm), column, image.slice_mm)

    @cache
    def whole(sigma_mm: float, least: float) -> NDArray[np.bool_]:
        return body_mask(regions(sigma_mm), relative(sigma_mm), column, least)

    for setting in settings:
        lowest = column.lowest_disc(setting.sacral_sign)
        above_sacrum = regions(setting.sigma_mm) > _FIRST_BODY + lowest
        yield whole(setting.sigma_mm, setting.least) & above_sacrum


def relative_signal(image: WorkImage, column: Column, sigma_mm: float) -> NDArray[np.float64]:
    """Return the signal relative to that of the bodies at the same height, shape (i, j, k)."""
    sigma = (sigma_mm / image.slice_mm / 2, sigma_mm / PIXEL_MM, sigma_mm / PIXEL_MM)
    smooth = ndimage.gaussian_filter(image.data, sigma)
    straight = column.straight
    reference = column.reference[straight.s_mm.astype(int)] * fall(straight.t_mm)
    relative: NDArray[np.float64] = smooth / reference
    return relative


def flooded(relative: NDArray[np.float64], column: Column, slice_mm: float) -> NDArray[np.int32]:
    """Flood from seeds up to the dark lines between them.

    Returns
    -------
    int32, shape (i, j, k): ``_FIRST_BODY`` + n for the body above disc n - 1

    Source
    ------
    Meyer's watershed, `skimage.segmentation.watershed`, on darkness: bodies are plateaus
    between dark cortex, ligaments and discs.
    """
    t = column.straight.t_mm
    near = (t > SAC_MM[0] - 10) & (t < FARTHEST * column.depth_mm)
    regions: NDArray[np.int32] = watershed(
        -np.clip(relative, 0, 1.1),
        _markers(relative, column, slice_mm),
        mask=near & (_aside_mm(relative, column, slice_mm) < HALF_WIDTH_MM),
    )
    return regions


def _markers(relative: NDArray[np.float64], column: Column, slice_mm: float) -> NDArray[np.int32]:
    s, t = column.straight.s_mm, column.straight.t_mm
    markers = np.asarray(column.straight.on_grid(_straight_seeds(column)), dtype=np.int32)
    front = column.front_mm[s.astype(int)] + OSTEOPHYTE_MM
    before = t > np.clip(front, 0.9 * column.depth_mm, 1.25 * column.depth_mm)
    markers[:, before | (t < SAC_MM[0] - 8) | (s <= 0)] = _OTHER
    markers[_canal(relative, column, slice_mm)] = _OTHER
    return markers


def _straight_seeds(column: Column) -> NDArray[np.int32]:
    """Mark plateaus of body signal between neighboring discs, and what is none at the discs."""
    first_t, plateaus = column.straight.first_t, column.plateaus
    seeds = np.full(plateaus.shape, _FREE, dtype=np.int32)
    edges = (0, *column.discs, plateaus.shape[1] + DISC_HALF_MM)
    core = slice(*(mm - first_t for mm in SEED_T_MM))
    for body, (low, high) in enumerate(pairwise(edges)):
        rows = slice(low + DISC_HALF_MM, max(high - DISC_HALF_MM, low + DISC_HALF_MM))
        plateau = plateaus[:, rows, core] > 0.7
        seeds[:, rows, core][plateau] = _FIRST_BODY + body
    for disc in column.discs:
        rows = slice(max(disc - 4, 0), disc + 5)
        seeds[:, rows, core][plateaus[:, rows, core] < 0.7] = _OTHER
    return seeds


def _canal(relative: NDArray[np.float64], column: Column, slice_mm: float) -> NDArray[np.bool_]:
    """Mark the canal: near its middle everything, else what is as bright as fluid."""
    straight = column.straight
    t = straight.t_mm
    sac = (t > SAC_MM[0]) & (t < SAC_MM[1])
    aside = _aside_mm(relative, column, slice_mm)
    fluid = np.percentile(relative[:, sac], 90)
    bright = relative > (1 + fluid) / 2
    return np.asarray(sac[np.newaxis] & (bright | (aside < CANAL_HALF_WIDTH_MM)))


def _aside_mm(
    relative: NDArray[np.float64], column: Column, slice_mm: float
) -> NDArray[np.float64]:
    """Return the distance of each voxel to the slice that holds the canal at its height."""
    slices = np.arange(len(relative))[:, np.newaxis, np.newaxis]
    straight = column.straight
    at_height = straight.canal_slices[straight.s_mm.astype(int)]
    aside: NDArray[np.float64] = np.abs(slices - at_height[np.newaxis]) * slice_mm
    return aside


def body_mask(
    regions: NDArray[np.int32], relative: NDArray[np.float64], column: Column, least: float
) -> NDArray[np.bool_]:
    """Keep of the flooded bodies what shows marrow, slice by slice whole."""
    t = column.straight.t_mm
    bodies = (regions >= _FIRST_BODY) & (t > PEDICLES_FROM_MM)
    marrow = bodies & (relative > least) & ((relative < 1.6) | (t > 0))
    return _tidied(marrow, radius_mm=2.0, smallest_mm2=60.0)


def undecided(relative: NDArray[np.float64], column: Column) -> NDArray[np.bool_]:
    """Mark what no rule here can judge: marrow or fat behind the canal, and pedicles.

    What is as dark as cortex or muscle, or as bright as fat, is no marrow.
    """
    straight = column.straight
    t = straight.t_mm
    place = (t > POSTERIOR_MM[0]) & (t < POSTERIOR_MM[1])
    low, high = POSTERIOR_SIGNAL
    return np.asarray(place & (relative > low) & (relative < high))


def _tidied(mask: NDArray[np.bool_], radius_mm: float, smallest_mm2: float) -> NDArray[np.bool_]:
    """Open, fill holes and drop specks, in each sagittal slice."""
    disk = _disk(radius_mm / PIXEL_MM)
    tidy = np.zeros_like(mask)
    if not mask.any():
        return tidy
    # Only the box that holds anything, with room for the disk: most of the image is empty.
    columns = np.flatnonzero(mask.any((0, 2)))
    box = slice(max(columns[0] - len(disk), 0), columns[-1] + len(disk) + 1)
    for index, plane in enumerate(mask[:, box]):
        filled = ndimage.binary_fill_holes(ndimage.binary_opening(plane, disk))
        numbers, count = ndimage.label(filled)
        sizes = np.bincount(numbers.ravel(), minlength=count + 1) * PIXEL_MM**2
        sizes[0] = 0
        tidy[index, box] = sizes[numbers] >= smallest_mm2
    return tidy


def _disk(radius: float) -> NDArray[np.bool_]:
    reach = np.arange(-int(radius), int(radius) + 1)
    return np.asarray(np.hypot(*np.meshgrid(reach, reach)) <= radius)
