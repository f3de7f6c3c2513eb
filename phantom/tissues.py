"""A sagittal lumbar image sorted into tissues, the same way for real and synthetic ones.

Follows docs/anatomy.md, 5: masks eroded in plane, slices next to the midline, bodies are the
vertebral voxels in front of the sac. Intensities are relative to the median of the bodies.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spine.anatomy.labels import TissueClass, classes_from_labels
from spine.imaging.volume import LabelMap, Volume

Mask = NDArray[np.bool_]
Values = NDArray[np.floating]

_MIDLINE_MM = 8.0


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """One tissue, cut out: its mask, and the image over the tissue's smooth mean, less 1."""

    mask: Mask
    residual: Values
    spacing_mm: tuple[float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Tissues:
    """An image's slices next to the midline and its tissues, arrays (slice, j, k).

    Attributes
    ----------
    image : intensities over the bodies' median
    bodies, disc, canal, posterior : eroded by two pixels in plane
    front, back : anterior to the bodies, posterior to the sac
    level : number of the body that a voxel belongs to, 0 outside bodies
    texture : detrended patches of "bodies", "disc" and "canal"
    """

    image: Values
    bodies: Mask
    disc: Mask
    canal: Mask
    posterior: Mask
    front: Mask
    back: Mask
    level: NDArray[np.int32]
    spacing_mm: tuple[float, float, float]
    texture: dict[str, Patch]


def merged(labels: LabelMap) -> LabelMap:
    """Return instance labels as the real patients': 1 vertebrae, 2 discs, 3 canal, no sacrum."""
    classes = classes_from_labels(labels.data)
    lookup = np.zeros(9, np.uint8)
    lookup[[TissueClass.CERVICAL, TissueClass.THORACIC, TissueClass.LUMBAR]] = 1
    lookup[TissueClass.DISC] = 2
    lookup[[TissueClass.CSF, TissueClass.CORD]] = 3
    return LabelMap(lookup[classes], labels.affine)


def tissues(volume: Volume, labels: LabelMap) -> Tissues:
    """Sort an image's voxels; `labels` as from `merged`, canonical orientation."""
    spacing = volume.grid.spacing_mm
    middle = _midline_slices(labels.data == 3, spacing[0])
    image, masks = volume.data[middle], labels.data[middle]
    canal = masks == 3
    front, back = _sac_borders(canal)
    j = np.arange(image.shape[1])[None, :, None]
    vertebra = masks == 1
    body = _eroded(vertebra & (j > front[:, None, :]), 2)
    level, _ = ndimage.label(body)
    ahead = _ahead_of_bodies(vertebra | (masks == 2), front)
    image = image / max(float(np.median(image[body])), 1e-6)
    parts = {"bodies": body, "disc": _eroded(masks == 2, 2), "canal": _eroded(canal, 2)}
    return Tissues(
        image=image,
        bodies=body,
        disc=parts["disc"],
        canal=parts["canal"],
        posterior=_eroded(vertebra & (j < back[:, None, :]), 2),
        front=(j > ahead[:, None, :] + 4) & (ahead[:, None, :] > 0),
        back=(j < back[:, None, :] - 4) & (back[:, None, :] > 0),
        level=level,
        spacing_mm=spacing,
        texture={name: _patch(image, mask, spacing) for name, mask in parts.items()},
    )


def _patch(image: Values, mask: Mask, spacing_mm: tuple[float, float, float]) -> Patch:
    """Cut a tissue out and divide by its own mean over 8 mm in plane."""
    box = next(iter(ndimage.find_objects(mask.astype(np.uint8))), None)
    if box is None:
        return Patch(mask[:1], image[:1], spacing_mm)
    image, mask = image[box], mask[box]
    sigma = [0.0, 8 / spacing_mm[1], 8 / spacing_mm[2]]
    smooth = ndimage.gaussian_filter(np.where(mask, image, 0), sigma, truncate=2.5)
    weight = ndimage.gaussian_filter(mask.astype(np.float32), sigma, truncate=2.5)
    mean = smooth / np.maximum(weight, 1e-6)
    return Patch(mask, image / np.maximum(mean, 1e-6) - 1, spacing_mm)


def _midline_slices(canal: Mask, spacing_mm: float) -> slice:
    center = np.average(np.arange(canal.shape[0]), weights=canal.sum(axis=(1, 2)) + 1e-6)
    reach = _MIDLINE_MM / spacing_mm
    low = max(0, int(np.ceil(center - reach)))
    return slice(low, max(low + 1, int(np.floor(center + reach)) + 1))


def _sac_borders(canal: Mask) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
    """Return per slice and height the first row in front of and behind the sac, -1 without."""
    size = canal.shape[1]
    has = canal.any(axis=1)
    front = np.where(has, size - np.argmax(canal[:, ::-1], axis=1), size)
    back = np.where(has, np.argmax(canal, axis=1), -1)
    return front, back


def _ahead_of_bodies(bone: Mask, front: NDArray[np.int_]) -> NDArray[np.int_]:
    size = bone.shape[1]
    has = bone.any(axis=1) & (front < size)
    return np.where(has, size - np.argmax(bone[:, ::-1], axis=1), -1)


def _eroded(mask: Mask, pixels: int) -> Mask:
    cross = ndimage.generate_binary_structure(2, 1)[None]
    result: Mask = ndimage.binary_erosion(mask, cross, iterations=pixels)
    return result
