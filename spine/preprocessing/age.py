"""Age: the masked spine at a common spacing in a box of fixed size (P1, section 2.4)."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spine.imaging.resampling import centered_grid, resample
from spine.imaging.volume import LabelMap, Volume


@dataclass(frozen=True, slots=True)
class AgeSpec:
    """Input of the age DCNN; the defaults are P1's, where P1 gives them.

    Attributes
    ----------
    spacing_mm, shape : of the box, both in the order right, anterior, superior
    dilation_mm : growth of the mask, in every direction (docs/adr/0020)
    reference_percentile : of the intensities under the mask, scaled to 1 (docs/adr/0021)
    """

    spacing_mm: tuple[float, float, float] = (3.0, 0.9, 0.9)
    shape: tuple[int, int, int] = (14, 384, 793)
    dilation_mm: float = 4.0
    reference_percentile: float = 50.0
    kind: Literal["age"] = "age"

    @property
    def network_shape(self) -> tuple[int, int, int, int]:
        """Shape of one network input: channel, anterior, superior, right."""
        right, anterior, superior = self.shape
        return 1, anterior, superior, right


def age_input(volume: Volume, labels: LabelMap, spec: AgeSpec) -> NDArray[np.float32]:
    """Mask, scale, resample and center crop or pad a spine.

    Parameters
    ----------
    volume, labels : canonical orientation, same grid; any label counts as spine

    Returns
    -------
    float32, shape (1, anterior, superior, right); 0 outside the dilated mask

    Raises
    ------
    ValueError
        If no voxel is labeled.

    Source
    ------
    P1, section 2.4; dilation and scaling: docs/adr/0020 and 0021.
    """
    mask = dilated_mask(labels, spec.dilation_mm)
    reference = float(np.percentile(volume.data[mask], spec.reference_percentile))
    scaled = np.where(mask, volume.data / np.float32(max(reference, 1e-6)), np.float32(0))
    grid = centered_grid(volume.grid, spec.shape, spec.spacing_mm)
    box = resample(Volume(scaled, volume.affine), grid).data
    # (right, anterior, superior) -> (anterior, superior, right)
    return np.ascontiguousarray(box.transpose(1, 2, 0)[None])


def dilated_mask(labels: LabelMap, dilation_mm: float) -> NDArray[np.bool_]:
    """Return every voxel within a distance of a labeled voxel.

    Distances are in mm, so that thick slices are not grown by whole slices.

    Returns
    -------
    bool, shape (i, j, k)
    """
    spine = labels.data > 0
    if not spine.any():
        raise ValueError("no voxel is labeled")
    spacing_mm = labels.grid.spacing_mm
    box = _bounding_box(spine, [int(np.ceil(dilation_mm / step)) + 1 for step in spacing_mm])
    distance_mm = ndimage.distance_transform_edt(~spine[box], sampling=spacing_mm)
    mask = np.zeros_like(spine)
    mask[box] = distance_mm <= dilation_mm
    return mask


def _bounding_box(mask: NDArray[np.bool_], margin: list[int]) -> tuple[slice, ...]:
    """Bound the true voxels, with a margin per axis, to keep the distance transform small."""
    tight = ndimage.find_objects(mask.astype(np.uint8))[0]
    return tuple(
        slice(max(side.start - more, 0), side.stop + more)
        for side, more in zip(tight, margin, strict=True)
    )
