"""How far the rims of vertebrae grow out beside a worn disc."""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Numbers = TypeVar("Numbers", float, NDArray[np.float64])


@dataclass(frozen=True, slots=True)
class OsteophyteLaw:
    """Projection 2 to 8 mm (memory); half of people over 50, 3/4 over 60 (ROAD, RERF)."""

    per_year_mm: float = 0.09
    per_latent_mm: float = 1.3
    sd_mm: float = 1.2
    largest_mm: float = 8.0

    def expected_mm(self, biological_age: Numbers, z: Numbers) -> Numbers:
        """Return the mean before what is below 0 or above the largest is cut."""
        return self.per_year_mm * (biological_age - 49) + self.per_latent_mm * z

    def size_mm(self, biological_age: float, z: float, draw: float) -> float:
        """Return the size of one lip."""
        size = self.expected_mm(biological_age, z) + self.sd_mm * draw
        return float(np.clip(size, 0, self.largest_mm))


OSTEOPHYTE = OsteophyteLaw()
