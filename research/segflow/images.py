"""Reading images, and nothing else: this room knows no file of labels but in its validation."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spine.errors import Code, InputError
from spine.imaging import nifti
from spine.imaging.orientation import canonical
from spine.imaging.resampling import resample
from spine.imaging.volume import Grid, Volume

IMAGE_SUFFIX = "_image.nii.gz"
# In plane; the structures that the rules look for, cortex and endplates, are 1 to 2 mm thick.
PIXEL_MM = 0.94


@dataclass(frozen=True, slots=True, eq=False)
class WorkImage:
    """One sagittal T2 volume as the rules and the network see it.

    Attributes
    ----------
    data : float32, shape (i, j, k) = (right, anterior, superior); the native slices, and
        square pixels of ``PIXEL_MM`` in plane
    grid : of ``data``
    native : of the file, in canonical orientation
    """

    data: NDArray[np.float32]
    grid: Grid
    native: Grid

    @property
    def slice_mm(self) -> float:
        """Distance between slices."""
        return self.grid.spacing_mm[0]


def list_cases(folder: Path) -> list[str]:
    """Return the names of the images in a folder, sorted.

    Raises
    ------
    InputError
        ``INPUT_MISSING`` without such a folder, ``INPUT_EMPTY`` without images in it.
    """
    if not folder.is_dir():
        raise InputError(Code.INPUT_MISSING, "there is no such folder of images")
    cases = sorted(path.name.removesuffix(IMAGE_SUFFIX) for path in folder.glob(f"*{IMAGE_SUFFIX}"))
    if not cases:
        raise InputError(Code.INPUT_EMPTY, f"the folder holds no file named *{IMAGE_SUFFIX}")
    return cases


def read_work_image(folder: Path, case: str) -> WorkImage:
    """Read one image onto the working grid.

    Raises
    ------
    InputError
        ``CONSTANT_PIXELS`` or ``NOT_FINITE`` where there is nothing to see.
    """
    return work_image(canonical(nifti.read_volume(folder / f"{case}{IMAGE_SUFFIX}")))


def work_image(volume: Volume) -> WorkImage:
    """Resample a canonical volume in plane; slices stay as they are."""
    if not np.isfinite(volume.data).all():
        raise InputError(Code.NOT_FINITE, "the image holds values that are no numbers")
    if float(volume.data.min()) == float(volume.data.max()):
        raise InputError(Code.CONSTANT_PIXELS, "all pixels of the image are equal")
    grid = in_plane_grid(volume.grid)
    return WorkImage(resample(volume, grid).data, grid, volume.grid)


def in_plane_grid(grid: Grid) -> Grid:
    """Return a grid over the same field of view with pixels of ``PIXEL_MM``."""
    spacing: Sequence[float] = (grid.spacing_mm[0], PIXEL_MM, PIXEL_MM)
    ratio = np.asarray(spacing) / np.asarray(grid.spacing_mm)
    i, j, k = (round(n / r) for n, r in zip(grid.shape, ratio, strict=True))
    affine = grid.affine.copy()
    affine[:3, :3] = grid.affine[:3, :3] * ratio
    # The corner of the field of view stays: voxel centers move by half the change of size.
    affine[:3, 3] = grid.world_from_index((ratio - 1) / 2)
    return Grid((i, j, k), affine)
