"""NIfTI files: for research and for data sets that come as such."""

from pathlib import Path

import nibabel as nib
import numpy as np

from spine.imaging.volume import LabelMap, Volume


def read_volume(path: Path) -> Volume:
    """Read intensities, as stored, without reorientation."""
    image = nib.nifti1.load(path)
    return Volume(image.get_fdata(dtype=np.float32), np.asarray(image.affine, dtype=np.float64))


def read_labels(path: Path) -> LabelMap:
    """Read integer labels, as stored; values must fit 0 to 255."""
    image = nib.nifti1.load(path)
    data = np.asarray(image.dataobj)
    if data.min() < 0 or data.max() > 255:
        raise ValueError("label values outside 0 to 255")
    return LabelMap(data.astype(np.uint8), np.asarray(image.affine, dtype=np.float64))


def write(image: Volume | LabelMap, path: Path, stored: type[np.generic] | None = None) -> None:
    """Write as NIfTI-1, by extension gzipped or not.

    Parameters
    ----------
    stored : kind of number, by default the array's own; values are not scaled to fit it
    """
    data = image.data if stored is None else image.data.astype(stored)
    nib.nifti1.save(nib.nifti1.Nifti1Image(data, image.affine), path)
