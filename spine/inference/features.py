"""Where the training cases lie among a network's penultimate features, in a file of its own."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from spine.errors import Code, ModelIntegrityError

FEATURES_FILE = "features.safetensors"

_MEAN, _WHITENING = "mean", "whitening"


@dataclass(frozen=True, slots=True)
class FeatureLimit:
    """The distance above which a case is refused, as the card states it.

    Attributes
    ----------
    distance : in standard deviations of the training cases
    training_cases : that the mean and the covariance come from
    validation_cases : that the limit was fixed on
    """

    distance: float
    training_cases: int
    validation_cases: int


@dataclass(frozen=True, slots=True, eq=False)
class FeatureCloud:
    """Mean and spread of the training cases' features; no single case can be read from it.

    Attributes
    ----------
    mean : shape (features,)
    whitening : shape (features, features); turns a deviation from the mean into one of
        unit covariance
    """

    mean: NDArray[np.float32]
    whitening: NDArray[np.float32]
    limit: FeatureLimit


def bytes_from_cloud(cloud: FeatureCloud) -> bytes:
    """Serialize mean and whitening; the limit stands on the card."""
    # safetensors writes an array as it lies in memory, whatever its order of axes.
    parts = {_MEAN: cloud.mean, _WHITENING: cloud.whitening}
    data: bytes = save({name: np.ascontiguousarray(part) for name, part in parts.items()})
    return data


def cloud_from_bytes(data: bytes, limit: FeatureLimit) -> FeatureCloud:
    """Read what `bytes_from_cloud` wrote.

    Raises
    ------
    ModelIntegrityError
        ``MODEL_INVALID`` if it is no safetensors, or does not hold these two, finite and
        fitting each other.
    """
    try:
        tensors = load(data)
    except SafetensorError as error:
        raise ModelIntegrityError(Code.MODEL_INVALID, "features are no safetensors") from error
    if set(tensors) != {_MEAN, _WHITENING} or not _fit(tensors[_MEAN], tensors[_WHITENING]):
        raise ModelIntegrityError(Code.MODEL_INVALID, "features are not mean and whitening")
    return FeatureCloud(tensors[_MEAN], tensors[_WHITENING], limit)


def _fit(mean: NDArray[np.generic], whitening: NDArray[np.generic]) -> bool:
    return (
        mean.ndim == 1
        and whitening.shape == (mean.size, mean.size)
        and all(part.dtype == np.float32 and np.isfinite(part).all() for part in (mean, whitening))
    )
