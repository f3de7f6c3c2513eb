"""Resampling between spacings as nnU-Net's ``resample_data_or_seg_to_shape`` does it.

nnU-Net calls scikit-image, which calls `scipy.ndimage.zoom`; so is done here, without either.
"""

from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spine.preprocessing.stock import SplineSettings

Real = TypeVar("Real", np.float16, np.float32)

# nnU-Net's ANISO_THRESHOLD: the axis of thicker slices than this is resampled apart.
ANISOTROPIC = 3.0


def resized(
    data: NDArray[Real],
    shape: tuple[int, ...],
    spacings_mm: tuple[tuple[float, ...], tuple[float, ...]],
    settings: SplineSettings,
) -> NDArray[Real]:
    """Resample a three-dimensional array onto as many voxels along each axis as are asked for.

    Parameters
    ----------
    data : shape of three axes; the result is of the same type
    spacings_mm : of the array and of what is asked for; they tell whether the axis of thick
        slices is resampled apart, `shape` alone where the samples lie

    Source
    ------
    Isensee et al., nnU-Net (Nature Methods 2021), supplementary note 5.
    """
    if data.shape == shape:
        return data
    axis = _axis_apart(spacings_mm, settings)
    wide = data.astype(np.float64)
    if axis is None:
        return _zoomed(wide, shape, settings.order).astype(data.dtype)
    slices = np.moveaxis(wide, axis, 0)
    plane = tuple(side for at, side in enumerate(shape) if at != axis)
    in_plane = np.stack([_zoomed(one, plane, settings.order) for one in slices])
    along = _along(in_plane, shape[axis])
    return np.moveaxis(along, 0, axis).astype(data.dtype)


def _axis_apart(
    spacings_mm: tuple[tuple[float, ...], tuple[float, ...]], settings: SplineSettings
) -> int | None:
    """Return the axis that is resampled apart; None where there is none, or more than one."""
    if settings.apart is None:
        uneven = [one for one in spacings_mm if max(one) / min(one) > ANISOTROPIC]
    else:
        uneven = [spacings_mm[0]] if settings.apart else []
    if not uneven:
        return None
    thickest = [at for at, step in enumerate(uneven[0]) if step == max(uneven[0])]
    return thickest[0] if len(thickest) == 1 else None


def _zoomed(data: NDArray[np.float64], shape: tuple[int, ...], order: int) -> NDArray[np.float64]:
    """Interpolate with voxel borders aligned; never beyond the source's own range."""
    factors = [1 / (old / new) for old, new in zip(data.shape, shape, strict=True)]
    zoomed: NDArray[np.float64] = ndimage.zoom(
        data, factors, order=order, mode="nearest", grid_mode=True
    )
    np.clip(zoomed, data.min(), data.max(), out=zoomed)
    return zoomed


def _along(data: NDArray[np.float64], length: int) -> NDArray[np.float64]:
    """Take the nearest slice along the first axis, with voxel borders aligned."""
    if data.shape[0] == length:
        return data
    position = data.shape[0] / length * (np.arange(length) + 0.5) - 0.5
    nearest = np.floor(position + 0.5).astype(np.intp)
    found: NDArray[np.float64] = data[np.clip(nearest, 0, data.shape[0] - 1)]
    return found
