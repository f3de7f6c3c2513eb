"""Images and masks in NIfTI or MetaImage, placed in the world (RAS+, mm) as stored."""

import zlib
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from nibabel.filebasedimages import ImageFileError
from numpy.typing import NDArray
from SimpleITK import GetArrayFromImage, ReadImage

from research.labeled.errors import Fault, LabeledDataError
from spine.imaging.volume import Affine, LabelMap, Volume

# ITK's world is LPS.
_RAS_FROM_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
_NIFTI = (".nii", ".nii.gz")
_BROKEN = (OSError, EOFError, ValueError, RuntimeError, zlib.error, ImageFileError)


def read_volume(path: Path) -> Volume:
    """Read intensities, without reorientation.

    Raises
    ------
    LabeledDataError
        ``UNREADABLE`` if the file is damaged, not 3D, or holds a value that is not finite.
    """
    data, affine = _read(path)
    if not np.isfinite(data).all():
        raise _unreadable(path, "an intensity is not finite")
    return Volume(data.astype(np.float32), affine)


def read_labels(path: Path) -> LabelMap:
    """Read a mask, without reorientation; its values must be integers from 0 to 255.

    Raises
    ------
    LabeledDataError
        ``UNREADABLE`` if the file is damaged, not 3D, or holds any other value.
    """
    data, affine = _read(path)
    with np.errstate(invalid="ignore"):  # NaN is refused below
        labels = data.astype(np.uint8)
    if not (labels == data).all():
        raise _unreadable(path, "a label is no integer from 0 to 255")
    return LabelMap(labels, affine)


def _read(path: Path) -> tuple[NDArray[Any], Affine]:
    try:
        data, affine = _nifti(path) if path.name.endswith(_NIFTI) else _by_itk(path)
    except _BROKEN as error:
        raise _unreadable(path, type(error).__name__) from None
    if data.ndim != 3:
        raise _unreadable(path, f"{data.ndim} dimensions, not 3")
    return data, affine


def _nifti(path: Path) -> tuple[NDArray[Any], Affine]:
    image = nib.nifti1.load(path)
    return np.asarray(image.dataobj), np.asarray(image.affine, dtype=np.float64)


def _by_itk(path: Path) -> tuple[NDArray[Any], Affine]:
    image = ReadImage(str(path))
    if image.GetDimension() != 3:
        raise ValueError(f"{image.GetDimension()} dimensions")
    lps = np.eye(4)
    lps[:3, :3] = np.reshape(image.GetDirection(), (3, 3)) * np.asarray(image.GetSpacing())
    lps[:3, 3] = image.GetOrigin()
    # ITK's arrays run (k, j, i), with components last.
    array = GetArrayFromImage(image)
    return array.transpose(2, 1, 0) if array.ndim == 3 else array, _RAS_FROM_LPS @ lps


def _unreadable(path: Path, reason: str) -> LabeledDataError:
    return LabeledDataError(Fault.UNREADABLE, f"{path.name}: {reason}")
