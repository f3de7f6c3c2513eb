"""The models of one profile, loaded once and passed in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Generic, Literal, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from spine.anatomy.grades import GradeClass, Scale
from spine.errors import Refusal
from spine.findings import ModelReference
from spine.inference.features import FeatureCloud
from spine.networks.age_head import AgeHead
from spine.preprocessing.age import AgeSpec
from spine.preprocessing.disc import DiscSpec
from spine.preprocessing.segmentation import SegmentationSpec
from spine.preprocessing.stock import StockSpec

Spec = TypeVar("Spec", SegmentationSpec, StockSpec, AgeSpec, DiscSpec)

SEGMENTATION_NAME = "spine-segmentation"
AGE_NAME = "age-dcnn"


def disc_name(scale: Scale) -> str:
    """Return the folder of a scale's progression model."""
    return f"disc-{scale.value}-progression"


def grading_name(scale: Scale) -> str:
    """Return the folder of the model that grades a disc as it is now."""
    return f"disc-{scale.value}-grade"


class Network(Protocol):
    """A network on some backend: same input and, within 1e-3, same output on each."""

    def __call__(self, batch: NDArray[np.float32], /) -> NDArray[np.float32]:
        """Map a batch (n, channels, ...) to outputs (n, ...)."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class AgeNetwork:
    """The age DCNN in two parts: convolutions on some backend, the rest in numpy.

    It is a `Network`: ages of a batch, shape (n, 1), years.

    Attributes
    ----------
    body : the five convolution blocks
    head : what stands behind them
    """

    body: Network
    head: AgeHead

    def __call__(self, batch: NDArray[np.float32], /) -> NDArray[np.float32]:
        """Map a batch (n, 1, anterior, superior, right) to ages in years, shape (n, 1)."""
        ages = [[self.head.age_years(block)] for block in self.body(batch)]
        return np.array(ages, dtype=np.float32)

    def block(self, spine: NDArray[np.float32]) -> NDArray[np.float32]:
        """Map one spine to its last block's map, which the head reads.

        Parameters
        ----------
        spine : shape (1, anterior, superior, right)

        Returns
        -------
        float32, shape (channels, anterior, superior, right); P1's is 256 x 12 x 24 x 1
        """
        found: NDArray[np.float32] = self.body(spine[None])[0]
        return found


@dataclass(frozen=True, slots=True)
class HeatLimits:
    """Shares of heat above which a caution is due (docs/adr/0028).

    Attributes
    ----------
    outside_spine, above_c2 : 0 to 1
    cases : validation cases that they were fixed on
    """

    outside_spine: float
    above_c2: float
    cases: int


@dataclass(frozen=True, slots=True)
class ImageLimits:
    """What an image must show of a spine for an age to be judged by it (docs/adr/0086).

    Attributes
    ----------
    lowest_detail, highest_grain : of `spine.age.image_quality.ImageQuality`
    cases : validation cases that they were fixed on
    """

    lowest_detail: float
    highest_grain: float
    cases: int


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


@dataclass(frozen=True, slots=True)
class BracketErrors:
    """How far bias-corrected ages of one age bracket lie from the real ones (docs/adr/0027).

    Attributes
    ----------
    first_years, last_years : completed years of age, both included
    cases : normal calibration cases, which the bias line did not see
    half_width_years : new cases have a gap within plus or minus this, with the coverage
        that `AgeIntervals` states
    gap_percentiles_years : of the calibration cases' gaps, from the 1st to the 99th
    """

    first_years: int
    last_years: int
    cases: int
    half_width_years: float
    gap_percentiles_years: tuple[float, ...]

    def __post_init__(self) -> None:
        if self.first_years > self.last_years or self.half_width_years < 0 or self.cases < 1:
            raise ValueError("a bracket of no years, of no cases or of a negative width")
        values = self.gap_percentiles_years
        if len(values) != 99 or any(after < before for before, after in pairwise(values)):
            raise ValueError("99 percentiles of the gaps are needed, in rising order")


@dataclass(frozen=True, slots=True)
class AgeIntervals:
    """The error of an age model by age bracket, the youngest first (docs/adr/0027).

    Attributes
    ----------
    coverage_percent : of new normal cases whose gap is within a bracket's half width
    data : what the calibration cases are
    """

    coverage_percent: int
    data: Literal["synthetic", "real"]
    brackets: tuple[BracketErrors, ...]

    def __post_init__(self) -> None:
        if not self.brackets or not 0 < self.coverage_percent < 100:
            raise ValueError("intervals need a bracket and a coverage between 0 and 100 %")
        if any(
            younger.last_years >= older.first_years for younger, older in pairwise(self.brackets)
        ):
            raise ValueError("the brackets overlap or are out of order")


@dataclass(frozen=True, slots=True, eq=False)
class Model(Generic[Spec]):
    """A network with the frozen description of its input.

    Attributes
    ----------
    network : of a segmentation model the coarse net, of a stock one its first step
    fine : of a segmentation model whose spec has one (docs/adr/0034-coarse-then-fine.md)
    second : of a stock segmentation whose spec has one (docs/adr/0036-stock-nnunet.md)
    bias, mean_absolute_error_years : of an age model, as its card states them; the error
        is that of bias-corrected ages
    intervals, heat_limits, features, image_limits : of an age model whose card has them
    detectable_change_years : of an age model whose card states it: the difference between two
        scans of one person that error alone exceeds in 5 of 100
    temperature : of a disc model: its logits divided by it are those of its probabilities
    """

    reference: ModelReference
    spec: Spec
    network: Network
    bias: BiasLine | None = None
    mean_absolute_error_years: float | None = None
    fine: Network | None = None
    second: Network | None = None
    intervals: AgeIntervals | None = None
    heat_limits: HeatLimits | None = None
    features: FeatureCloud | None = None
    image_limits: ImageLimits | None = None
    temperature: float = 1.0
    detectable_change_years: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class GradingModel(Model[DiscSpec]):
    """A model of the grade that a disc has now.

    Attributes
    ----------
    classes : the grades that each of its answers stands for
    """

    classes: tuple[GradeClass, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class AgeModel(Model[AgeSpec]):
    """A model of spine age, whose network also shows what it saw."""

    network: AgeNetwork


SegmentationModel = Model[SegmentationSpec] | Model[StockSpec]
"""This project's own nets, or a stock nnU-Net from outside."""


@dataclass(frozen=True, slots=True, eq=False)
class Models:
    """Every model of a profile; a missing age or progression model is a refusal.

    Attributes
    ----------
    discs : of progression
    gradings : a scale without one has no baseline grade from a model
    """

    segmentation: SegmentationModel
    age: AgeModel | Refusal
    discs: Mapping[Scale, Model[DiscSpec] | Refusal]
    gradings: Mapping[Scale, GradingModel] = field(default_factory=dict)

    @property
    def references(self) -> tuple[ModelReference, ...]:
        """Return the loaded models: segmentation, age, then discs and gradings by scale."""
        found: list[ModelReference] = [self.segmentation.reference]
        if isinstance(self.age, Model):
            found.append(self.age.reference)
        discs = (self.discs[scale] for scale in sorted(self.discs))
        found.extend(model.reference for model in discs if isinstance(model, Model))
        found.extend(self.gradings[scale].reference for scale in sorted(self.gradings))
        return tuple(found)
