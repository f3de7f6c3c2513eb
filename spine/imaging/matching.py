"""How well two images of one body agree on one grid, and how far one lies from the other."""

from dataclasses import dataclass

import numpy as np
import SimpleITK
from numpy.typing import NDArray
from scipy import ndimage

from spine.imaging.volume import Volume

# Of the derivatives: wider than noise, narrower than a disc is high.
_SMOOTHING_MM = 2.0

# Of the search: a first step below a voxel, steps halved down to what no reader could see.
_FIRST_STEP_MM = 1.0
_LAST_STEP_MM = 0.02
_STEPS = 60


@dataclass(frozen=True, slots=True)
class Displacement:
    """A rigid motion between two images.

    Attributes
    ----------
    shift_mm : length of the translation of the image's center
    turn_degrees : angle about whatever axis
    likeness : of the images after it
    """

    shift_mm: float
    turn_degrees: float
    likeness: float


def likeness(first: Volume, second: Volume) -> float:
    """Compare edges: the lowest of the correlations of the derivatives along i, j and k.

    Intensities alone hardly tell: air and skin agree in any two images of one body. A shift
    along an axis lowers the correlation of that axis' derivatives most, a mirrored image that
    of the mirrored axis; gain and shading lower none of them.

    Parameters
    ----------
    first, second : on one grid

    Returns
    -------
    -1 to 1; 0 where one image has no edges along an axis
    """
    return min(
        _correlation(_derivative(first, axis), _derivative(second, axis)) for axis in range(3)
    )


def displacement(fixed: Volume, moving: Volume) -> Displacement:
    """Find the rigid motion that makes one image agree with another.

    From no motion downhill, so that of a motion beyond a vertebra's height only some is found;
    the same input gives the same answer.

    Parameters
    ----------
    fixed, moving : on one grid
    """
    motion = SimpleITK.Euler3DTransform()
    shape = np.asarray(fixed.grid.shape)
    motion.SetCenter(fixed.grid.world_from_index((shape - 1) / 2).tolist())
    try:
        _search(motion).Execute(*(_image(_smoothed(volume)) for volume in (fixed, moving)))
    except RuntimeError:
        # No voxel of one is left within the other, or nothing in them to compare.
        return Displacement(float("inf"), float("inf"), 0.0)
    turn = np.array(motion.GetMatrix()).reshape(3, 3)
    cosine = np.clip((np.trace(turn) - 1) / 2, -1, 1)
    shift = float(np.linalg.norm(motion.GetTranslation()))
    after = likeness(fixed, _moved(moving, motion))
    return Displacement(shift, float(np.degrees(np.arccos(cosine))), after)


def _search(motion: SimpleITK.Euler3DTransform) -> SimpleITK.ImageRegistrationMethod:
    search = SimpleITK.ImageRegistrationMethod()
    search.SetMetricAsCorrelation()
    search.SetMetricSamplingStrategy(search.NONE)
    search.SetInterpolator(SimpleITK.sitkLinear)
    search.SetInitialTransform(motion, inPlace=True)
    search.SetOptimizerAsRegularStepGradientDescent(_FIRST_STEP_MM, _LAST_STEP_MM, _STEPS)
    search.SetOptimizerScalesFromPhysicalShift()
    # Sums of several threads depend on who comes first.
    search.SetNumberOfThreads(1)
    return search


def _moved(volume: Volume, motion: SimpleITK.Euler3DTransform) -> Volume:
    image = _image(volume)
    shift = SimpleITK.ResampleImageFilter()
    shift.SetReferenceImage(image)
    shift.SetTransform(motion)
    shift.SetUseNearestNeighborExtrapolator(True)
    shift.SetNumberOfThreads(1)
    return Volume(SimpleITK.GetArrayFromImage(shift.Execute(image)).T, volume.affine)


def _derivative(volume: Volume, axis: int) -> NDArray[np.float32]:
    """Differentiate along an axis; slices are far apart and only subtracted."""
    sigma = _sigma(volume)
    if axis == 0:
        return np.diff(ndimage.gaussian_filter(volume.data, sigma), axis=0)
    order = [0, 0, 0]
    order[axis] = 1
    slope: NDArray[np.float32] = ndimage.gaussian_filter(volume.data, sigma, order=order)
    return slope


def _sigma(volume: Volume) -> list[float]:
    return [0.0, *(_SMOOTHING_MM / spacing for spacing in volume.grid.spacing_mm[1:])]


def _correlation(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    a, b = (item.astype(np.float64).ravel() - item.mean() for item in (first, second))
    scale = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / scale if scale > 0 else 0.0


def _smoothed(volume: Volume) -> Volume:
    """Remove noise: else a motion by half a voxel agrees best, since interpolation removes it."""
    return Volume(ndimage.gaussian_filter(volume.data, _sigma(volume)), volume.affine)


def _image(volume: Volume) -> SimpleITK.Image:
    """Hand a volume over; which way the library calls its axes (LPS) does not matter here."""
    image = SimpleITK.GetImageFromArray(np.ascontiguousarray(volume.data.T))
    spacing = np.asarray(volume.grid.spacing_mm)
    image.SetSpacing(spacing.tolist())
    image.SetOrigin(volume.affine[:3, 3].tolist())
    image.SetDirection((volume.affine[:3, :3] / spacing).ravel().tolist())
    return image
