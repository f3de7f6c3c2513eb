"""Asking a disc network: the region it sees, and what it answers."""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from spine.anatomy.geometry import DiscGeometry
from spine.anatomy.grades import Scale
from spine.imaging.volume import Volume
from spine.inference.models import Model
from spine.preprocessing.disc import DiscSpec, disc_grid, disc_input


@dataclass(frozen=True, slots=True, eq=False)
class DiscView:
    """One disc in its image; regions are cut once for all networks that see the same.

    Attributes
    ----------
    width_mm : mean depth of the vertebrae, the ``w`` of P2
    """

    volume: Volume
    disc: DiscGeometry
    width_mm: float
    _regions: dict[DiscSpec, NDArray[np.float32]] = field(default_factory=dict)

    def region(self, spec: DiscSpec) -> NDArray[np.float32]:
        """Return the network's input, shape (slices, rows, columns).

        Raises
        ------
        OutOfFieldError
            If too much of it lies outside the image.
        """
        # What a network sees does not depend on the scale that it was trained for.
        key = replace(spec, scale=Scale.PFIRRMANN)
        if key not in self._regions:
            self._regions[key] = disc_input(self.volume, self.disc.frame, self.width_mm, spec)
        return self._regions[key]

    def seen(self) -> Volume | None:
        """Return the region cut first, in the world, axes right, inferior, posterior."""
        for spec, region in self._regions.items():
            return Volume(region, disc_grid(self.disc.frame, self.width_mm, spec).affine)
        return None


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What a network says of a disc.

    Attributes
    ----------
    index : of the most probable class; the temperature cannot change it
    probabilities : calibrated, one per class
    """

    index: int
    probabilities: NDArray[np.float64]


def ask(model: Model[DiscSpec], region: NDArray[np.float32]) -> Answer | None:
    """Run a network on one region; None where it returns no finite numbers.

    Source
    ------
    Temperature: Guo et al., On Calibration of Modern Neural Networks (ICML 2017), section 4.2.
    """
    logits = model.network(region[None])[0].astype(np.float64)
    if not np.isfinite(logits).all():
        return None
    shares = np.exp((logits - logits.max()) / model.temperature)
    return Answer(int(np.argmax(logits)), shares / shares.sum())
