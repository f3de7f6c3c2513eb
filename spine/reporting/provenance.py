"""What every object of a run is made from."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from spine.dicom.geometry import (
    nearest_labels,
    nearest_values,
    planes_from_labels,
    planes_from_volume,
)
from spine.findings import ModelReference
from spine.imaging.volume import LabelMap, Volume
from spine.reporting.context import RunContext
from spine.reporting.identity import Identity
from spine.reporting.sources import SourceSeries


@dataclass(frozen=True, slots=True, eq=False)
class Provenance:
    """The series that an object is about, the models behind it, its identifiers and its run.

    Attributes
    ----------
    station : of a joined volume, which of its series the source is, 1-based from the head
    """

    source: SourceSeries
    references: tuple[ModelReference, ...]
    identity: Identity
    run: RunContext
    station: int | None = None

    @property
    def stations(self) -> tuple["Provenance", ...]:
        """One for each station of a joined volume, since what lies on frames lies on theirs."""
        parts = enumerate(self.source.stations, start=1)
        return tuple(replace(self, source=part, station=at) for at, part in parts) or (self,)

    def planes_of_labels(self, labels: LabelMap) -> NDArray[np.uint8]:
        """Give labels to the frames: as they are, or on those of a station the nearest."""
        frames = self.source.frames
        if self.station is None:
            return planes_from_labels(labels, frames)
        return nearest_labels(labels, frames)

    def planes_of_volume(self, volume: Volume) -> NDArray[np.float32]:
        """Give a map to the frames; see `planes_of_labels`."""
        frames = self.source.frames
        if self.station is None:
            return planes_from_volume(volume, frames)
        return nearest_values(volume, frames)

    def number(self, number: int, count: int) -> int:
        """Number an object among the `count` that each station has."""
        return number + count * ((self.station or 1) - 1)
