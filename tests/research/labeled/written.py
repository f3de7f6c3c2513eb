"""Data sets on disk in the form of others, written with libraries and numbers of their own."""

from pathlib import Path

import nibabel as nib
import numpy as np
import SimpleITK
from nibabel.orientations import axcodes2ornt, io_orientation, ornt_transform

from spine.anatomy.labels import DISC_LABELS, VERTEBRA_LABELS
from spine.anatomy.levels import Level
from spine.imaging.volume import LabelMap, Volume

CORD, CSF, SACRUM = 1, 2, 50
MOBILE = [level for level in Level if level in VERTEBRA_LABELS and level is not Level.S1]
# SPINEPS: 1-7 cervical, 8-19 T1-T12, 28 T13, 20-25 L1-L6.
SPINEPS = {
    **{Level(f"C{n}"): n for n in range(1, 8)},
    **{Level(f"T{n}"): 7 + n for n in range(1, 13)},
    Level.T13: 28,
    **{Level(f"L{n}"): 19 + n for n in range(1, 7)},
}


def spider_labels(labels: np.ndarray) -> np.ndarray:
    """Count vertebrae and discs from below; the uppermost vertebra is partly visible."""
    found = np.zeros_like(labels)
    present = [VERTEBRA_LABELS[v] for v in MOBILE if (labels == VERTEBRA_LABELS[v]).any()]
    for number, value in enumerate(reversed(present), start=1):
        found[labels == value] = number + 100 * (number == len(present))
    order = sorted(DISC_LABELS, key=lambda disc: disc.above.order)
    discs = [DISC_LABELS[d] for d in order if (labels == DISC_LABELS[d]).any()]
    for number, value in enumerate(reversed(discs), start=201):
        found[labels == value] = number
    found[(labels == CORD) | (labels == CSF)] = 100
    return found


def spineps_labels(labels: np.ndarray) -> np.ndarray:
    """Name vertebrae as VERIDAH does; the voxels next to a disc are endplates."""
    found = np.zeros_like(labels)
    discs = np.isin(labels, list(DISC_LABELS.values()))
    beside = np.zeros_like(discs)
    beside[:, :, 1:] |= discs[:, :, :-1]
    beside[:, :, :-1] |= discs[:, :, 1:]
    for level, value in [*((v, VERTEBRA_LABELS[v]) for v in SPINEPS), (Level.S1, SACRUM)]:
        own = labels == value
        number = SPINEPS.get(level, 26)
        found[own] = number
        found[own & beside] = 200 + number
    for disc, value in DISC_LABELS.items():
        found[labels == value] = 100 + SPINEPS.get(disc.above, 0)
    found[labels == CORD], found[labels == CSF] = 60, 61
    return found


def totalspineseg_labels(labels: np.ndarray) -> np.ndarray:
    """This project's numbers are TotalSpineSeg's, which has no ribs."""
    return np.where(labels > 100, 0, labels).astype(np.uint8)


def merged_labels(labels: np.ndarray) -> np.ndarray:
    """Keep SPIDER's structures without their instances."""
    spider = spider_labels(labels).astype(int)
    found = np.where(spider > 200, 2, np.where(spider == 100, 3, (spider > 0) * 1))
    return found.astype(np.uint8)


def write_mha(image: Volume | LabelMap, path: Path, orientation: str) -> None:
    """Write with SimpleITK, stored along other axes (LPS letters, such as PIR)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # (i, j, k) -> ITK's (k, j, i); RAS -> LPS.
    written = SimpleITK.GetImageFromArray(np.ascontiguousarray(image.data.transpose(2, 1, 0)))
    affine = np.diag([-1.0, -1.0, 1.0, 1.0]) @ image.affine
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    written.SetSpacing(spacing.tolist())
    written.SetDirection((affine[:3, :3] / spacing).ravel().tolist())
    written.SetOrigin(affine[:3, 3].tolist())
    SimpleITK.WriteImage(SimpleITK.DICOMOrient(written, orientation), str(path))


def write_nifti(image: Volume | LabelMap, path: Path, orientation: str) -> None:
    """Write with nibabel, stored along other axes (RAS letters, such as LPI)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = nib.nifti1.Nifti1Image(image.data, image.affine)
    wanted = ornt_transform(io_orientation(image.affine), axcodes2ornt(tuple(orientation)))
    nib.nifti1.save(whole.as_reoriented(wanted), path)
