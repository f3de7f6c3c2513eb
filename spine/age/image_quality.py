"""Whether an image is fit to judge an age by: how much fine detail the spine shows, and grain."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spine.errors import Code, Refusal
from spine.imaging.volume import LabelMap, Volume
from spine.inference.models import ImageLimits

# In plane: what the finer filter takes away is noise, what lies between them is anatomy, too.
_FINE_MM, _COARSE_MM = 0.7, 1.4
# A filter's reach, so that a box around the spine loses nothing.
_MARGIN_MM = 4 * _COARSE_MM


@dataclass(frozen=True, slots=True)
class ImageQuality:
    """Both of a spine's voxels, in plane, free of units.

    Attributes
    ----------
    detail : mean size of structures of 1 to 2 mm over the median intensity: low where the
        patient moved, the image is blurred, or what should be bright is not
    grain : mean size of what is finer than that over the detail: high in noise
    """

    detail: float
    grain: float


def image_quality(volume: Volume, labels: LabelMap) -> ImageQuality:
    """Measure a segmented spine (docs/adr/0086).

    Parameters
    ----------
    volume, labels : canonical orientation, same grid, sagittal slices; any label counts
    """
    spine, data = _boxed(volume, labels)
    _, anterior_mm, superior_mm = volume.grid.spacing_mm
    fine, coarse = (
        ndimage.gaussian_filter(data, (0.0, sigma / anterior_mm, sigma / superior_mm))
        for sigma in (_FINE_MM, _COARSE_MM)
    )
    detail = float(np.abs(fine - coarse)[spine].mean())
    grain = float(np.abs(data - fine)[spine].mean())
    median = max(float(np.median(data[spine])), 1e-6)
    return ImageQuality(detail / median, grain / max(detail, 1e-6))


def artifact_refusal(
    volume: Volume, labels: LabelMap, limits: ImageLimits | None, subject: str
) -> Refusal | None:
    """Refuse an image with less detail or more grain than the card allows; None without limits."""
    if limits is None:
        return None
    found = image_quality(volume, labels)
    # Written so that what is no number fails, too.
    if not found.detail >= limits.lowest_detail:
        reason = "The image is too blurred, ghosted or poor in contrast to judge an age."
        return Refusal(Code.IMAGE_ARTIFACT, reason, subject)
    if not found.grain <= limits.highest_grain:
        reason = "The image is too noisy to judge an age."
        return Refusal(Code.IMAGE_ARTIFACT, reason, subject)
    return None


def _boxed(volume: Volume, labels: LabelMap) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
    """Return mask and intensities of a box that holds the spine and what the filters reach."""
    spine = labels.data > 0
    box = []
    for axis, spacing in enumerate(volume.grid.spacing_mm):
        others = tuple(other for other in range(3) if other != axis)
        places = np.flatnonzero(spine.any(axis=others))
        margin = int(np.ceil(_MARGIN_MM / spacing))
        box.append(slice(max(0, int(places[0]) - margin), int(places[-1]) + 1 + margin))
    return spine[tuple(box)], volume.data[tuple(box)]
