"""Everything that the sections of the report are written from."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from research.estimators.schema import Reports
from research.measurements import Data
from research.validation.spine_age.estimands import Estimands
from research.validation.spine_age.statistics import Statistics


@dataclass(frozen=True, slots=True)
class Context:
    """A cohort, what was found in it, and what holds in its population.

    Attributes
    ----------
    origin : where the reports come from, for a reader
    table : typed reports with bracket, normal and part of each series
    statistics : None without predicted ages
    missing : why there are no statistics
    estimands, interaction : of a virtual world
    """

    data: Data
    origin: str
    reports: Reports
    table: pd.DataFrame
    statistics: Statistics | None = None
    missing: str = ""
    estimands: Estimands | None = None
    interaction: dict[str, float] | None = None

    def part(self, *names: str) -> NDArray[np.bool_]:
        """Return which series are in one of the parts, shape (rows,)."""
        inside: NDArray[np.bool_] = self.table["part"].isin(names).to_numpy()
        return inside

    def with_statistics(self, found: Statistics) -> "Context":
        """Return the same cohort with what was found in it."""
        return replace(self, statistics=found)

    def without_statistics(self, why: str) -> "Context":
        """Return the same cohort with the reason why nothing was found."""
        return replace(self, missing=why)

    def found(self) -> Statistics:
        """Return the statistics.

        Raises
        ------
        ValueError
            If there are none; says why.
        """
        if self.statistics is None:
            raise ValueError(self.missing)
        return self.statistics
