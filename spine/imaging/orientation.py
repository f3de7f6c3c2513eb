"""Canonical orientation: axes (i, j, k) as near as possible to right, anterior, superior."""

from typing import TypeVar

import nibabel as nib
import numpy as np
from nibabel.orientations import apply_orientation, inv_ornt_aff, io_orientation

from spine.imaging.volume import Affine, LabelMap, Volume

Image = TypeVar("Image", Volume, LabelMap)


def is_canonical(affine: Affine) -> bool:
    """Whether (i, j, k) already run nearest to right, anterior, superior."""
    return bool(nib.aff2axcodes(affine) == ("R", "A", "S"))


def canonical(image: Image) -> Image:
    """Permute and flip axes so that (i, j, k) run right, anterior, superior.

    Nothing is interpolated: oblique affines stay oblique, and each voxel stays where it was.
    """
    to_canonical = io_orientation(image.affine)
    data = np.ascontiguousarray(apply_orientation(image.data, to_canonical))
    affine = image.affine @ inv_ornt_aff(to_canonical, image.data.shape)
    return type(image)(data, affine)
