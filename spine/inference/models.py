"""The models of one profile, loaded once and passed in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from spine.anatomy.grades import Scale
from spine.errors import Refusal
from spine.findings import ModelReference
from spine.preprocessing.age import AgeSpec
from spine.preprocessing.disc import DiscSpec
from spine.preprocessing.segmentation import SegmentationSpec

Spec = TypeVar("Spec", SegmentationSpec, AgeSpec, DiscSpec)

SEGMENTATION_NAME = "spine-segmentation"
AGE_NAME = "age-dcnn"


def disc_name(scale: Scale) -> str:
    """Return the folder of a scale's progression model."""
    return f"disc-{scale.value}-progression"


class Network(Protocol):
    """A network on some backend: same input and, within 1e-3, same output on each."""

    def __call__(self, batch: NDArray[np.float32], /) -> NDArray[np.float32]:
        """Map a batch (n, channels, ...) to outputs (n, ...)."""
        ...


@dataclass(frozen=True, slots=True)
class BiasLine:
    """The line of P1's equation 2: predicted = slope * chronological + intercept.

    Attributes
    ----------
    cases : normal validation cases that it was fitted on
    """

    slope: float
    intercept_years: float
    cases: int


@dataclass(frozen=True, slots=True, eq=False)
class Model(Generic[Spec]):
    """A network with the frozen description of its input.

    Attributes
    ----------
    bias, mean_absolute_error_years : of an age model, as its card states them; the error
        is that of bias-corrected ages
    """

    reference: ModelReference
    spec: Spec
    network: Network
    bias: BiasLine | None = None
    mean_absolute_error_years: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Models:
    """Every model of a profile; a missing age or disc model is a refusal."""

    segmentation: Model[SegmentationSpec]
    age: Model[AgeSpec] | Refusal
    discs: Mapping[Scale, Model[DiscSpec] | Refusal]

    @property
    def references(self) -> tuple[ModelReference, ...]:
        """Return the loaded models, segmentation first, then age, then discs by scale."""
        found: list[ModelReference] = [self.segmentation.reference]
        if isinstance(self.age, Model):
            found.append(self.age.reference)
        discs = (self.discs[scale] for scale in sorted(self.discs))
        found.extend(model.reference for model in discs if isinstance(model, Model))
        return tuple(found)
