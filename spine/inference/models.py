"""The models of one profile, loaded once and passed in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from spine.anatomy.grades import Scale
from spine.errors import Refusal
from spine.findings import ModelReference

Spec = TypeVar("Spec")


class Network(Protocol):
    """A network on some backend: same input and, within 1e-3, same output on each."""

    def __call__(self, batch: NDArray[np.float32], /) -> NDArray[np.float32]:
        """Map a batch (n, channels, ...) to outputs (n, ...)."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Model(Generic[Spec]):
    """A network with the frozen description of its input."""

    reference: ModelReference
    spec: Spec
    network: Network


@dataclass(frozen=True, slots=True, eq=False)
class Models:
    """Every model of a profile; a missing age or disc model is a refusal."""

    segmentation: "Model[object]"
    age: "Model[object] | Refusal"
    discs: "Mapping[Scale, Model[object] | Refusal]"

    @property
    def references(self) -> tuple[ModelReference, ...]:
        """Return the loaded models, segmentation first, then age, then discs by scale."""
        loaded = (self.segmentation, self.age, *(self.discs[scale] for scale in sorted(self.discs)))
        return tuple(model.reference for model in loaded if isinstance(model, Model))
