"""What a stock nnU-Net needs to be run as nnU-Net runs it: the frozen description of its input.

See docs/adr/0036-stock-nnunet.md.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from spine.anatomy.labels import TissueClass
from spine.anatomy.levels import DiscLevel, Level


class Normalization(StrEnum):
    """nnU-Net's schemes, by the names that its plans give them."""

    Z_SCORE = "ZScoreNormalization"
    CT = "CTNormalization"
    NONE = "NoNormalization"
    RESCALE = "RescaleTo01Normalization"


@dataclass(frozen=True, slots=True)
class StockChannel:
    """How one input channel is normalized.

    Attributes
    ----------
    masked : mean and SD are those of the image without its surroundings of zeros
    intensities : of `Normalization.CT`: mean, SD, lower and upper bound, from training
    """

    normalization: Normalization
    masked: bool = False
    intensities: tuple[float, float, float, float] | None = None

    def __post_init__(self) -> None:
        if (self.normalization is Normalization.CT) != (self.intensities is not None):
            raise ValueError("intensities belong to CT normalization, and only to it")


@dataclass(frozen=True, slots=True)
class SplineSettings:
    """How nnU-Net resamples.

    Attributes
    ----------
    order : of the spline
    apart : whether the axis of thick slices is resampled apart, by the nearest one; None: where
        a spacing is more than three times another
    """

    order: int
    apart: bool | None = None


@dataclass(frozen=True, slots=True)
class StockLabel:
    """What a label value of the network stands for.

    Attributes
    ----------
    tissue : None for a vertebra of whatever region, which named discs tell
    level : where the value names one vertebra or disc
    """

    value: int
    name: str
    tissue: TissueClass | None = None
    level: Level | DiscLevel | None = None


@dataclass(frozen=True, slots=True)
class StockStep:
    """One network.

    Axes are those of nnU-Net's arrays after its transposition, which begins with
    (superior, anterior, right): the file's axes from last to first.

    Attributes
    ----------
    patch, spacing_mm : three axes, or two: then slices along the first axis are seen one by one
    transpose : nnU-Net's ``transpose_forward``
    channels : of the input
    image_spline, score_spline : for the way in and the way back
    values : the label value of each of the network's heads
    by_region : whether heads are regions, each painted over those before it where it is more
        likely than not, instead of classes of which the likeliest counts
    mirror_axes : along which the network sees its input mirrored too
    labels : of every value, the background's too
    """

    patch: tuple[int, ...]
    spacing_mm: tuple[float, ...]
    transpose: tuple[int, int, int]
    channels: tuple[StockChannel, ...]
    image_spline: SplineSettings
    score_spline: SplineSettings
    values: tuple[int, ...]
    by_region: bool
    mirror_axes: tuple[int, ...]
    labels: tuple[StockLabel, ...]

    def __post_init__(self) -> None:
        if len(self.patch) not in (2, 3) or len(self.patch) != len(self.spacing_mm):
            raise ValueError("patch and spacing must have the same two or three axes")
        if min(self.patch) < 1 or min(self.spacing_mm) <= 0:
            raise ValueError("patch and spacing must be positive")
        if sorted(self.transpose) != [0, 1, 2]:
            raise ValueError("the transposition is no order of three axes")
        if any(axis not in range(len(self.patch)) for axis in self.mirror_axes):
            raise ValueError("a mirrored axis is none of the patch")
        named = [label.value for label in self.labels]
        if sorted({0, *self.values}) != sorted(named) or not 0 <= max(named) <= 255:
            raise ValueError("every label value needs its one meaning")

    @property
    def network_shape(self) -> tuple[int, ...]:
        """Shape of one network input: channels, then the patch."""
        return len(self.channels), *self.patch


@dataclass(frozen=True, slots=True)
class StockSpec:
    """Input of a stock segmentation: one network, or two of which one sees what the other found.

    Attributes
    ----------
    first : sees the image, canonical orientation
    second : sees the image around what the first found, and beside it every other disc of
        those, from the uppermost
    voxel_mm : side of the voxels that images are resampled to before all else; None: as they are
    margin_mm : around what the first found
    """

    first: StockStep
    second: StockStep | None = None
    voxel_mm: float | None = None
    margin_mm: float = 10.0
    kind: Literal["stock-segmentation"] = "stock-segmentation"

    def __post_init__(self) -> None:
        wrong_second = self.second is not None and len(self.second.channels) != 2
        if len(self.first.channels) != 1 or wrong_second:
            raise ValueError("the first step sees one channel, the second two")
        if self.voxel_mm is not None and self.voxel_mm <= 0:
            raise ValueError("the voxel must be positive")

    @property
    def steps(self) -> tuple[StockStep, ...]:
        """Return the networks' steps in order."""
        return (self.first,) if self.second is None else (self.first, self.second)
