"""Overlap and distance of two masks."""

from typing import cast

import numpy as np
import torch
from monai.metrics import compute_average_surface_distance
from numpy.typing import NDArray

Mask = NDArray[np.bool_]


def dice(first: Mask, second: Mask) -> float:
    """Return twice the overlap over the sum of sizes; NaN if both are empty."""
    total = int(first.sum()) + int(second.sum())
    return 2 * int((first & second).sum()) / total if total else float("nan")


def surface_distance_mm(first: Mask, second: Mask, spacing_mm: tuple[float, float, float]) -> float:
    """Return the average symmetric surface distance (ASSD); infinite if one mask is empty.

    Parameters
    ----------
    spacing_mm : of the voxels, in the order of the masks' axes
    """
    if not first.any() or not second.any():
        return float("inf")
    box = _around(first | second)
    # MONAI's axes: batch, class (0 is background), then space.
    pair = [torch.from_numpy(np.stack([~mask[box], mask[box]])[None]) for mask in (first, second)]
    found = compute_average_surface_distance(
        *pair, include_background=False, symmetric=True, spacing=list(spacing_mm)
    )
    return float(cast("torch.Tensor", found)[0, 0])


def _around(mask: Mask) -> tuple[slice, ...]:
    """Return the box of a mask with a margin, so that no surface lies on its edge by the cut."""
    parts = []
    for axis in range(mask.ndim):
        others = tuple(other for other in range(mask.ndim) if other != axis)
        found = np.flatnonzero(mask.any(axis=others))
        parts.append(slice(max(0, int(found[0]) - 2), int(found[-1]) + 3))
    return tuple(parts)
