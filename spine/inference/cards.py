"""Model cards: what a model is, what it rests on, and the hash of each of its files."""

import math
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from spine.anatomy.grades import GradeClass
from spine.errors import Code, ModelIntegrityError
from spine.findings import Evidence
from spine.inference.features import FeatureLimit
from spine.inference.models import (
    AGE_NAME,
    SEGMENTATION_NAME,
    AgeIntervals,
    BiasLine,
    HeatLimits,
    ImageLimits,
    disc_name,
    grading_name,
)
from spine.networks.vgg_m import VGGMWidths
from spine.preprocessing.age import AgeSpec
from spine.preprocessing.disc import DiscSpec
from spine.preprocessing.segmentation import SegmentationSpec
from spine.preprocessing.stock import StockSpec

CARD_FILE = "card.json"
MINIMUM_REAL_PATIENTS = 20
CORRECTED_AGE_ERROR = "MAE, bias-corrected"
"""The metric of an age model that the report draws as a band where it has no interval."""
DETECTABLE_CHANGE = "minimal detectable change"
"""The metric of an age model that tells a change of the gap from the error of measurement."""

InputSpec = Annotated[
    AgeSpec | DiscSpec | SegmentationSpec | StockSpec, Field(discriminator="kind")
]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
FileName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*\.(safetensors|json)$")]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Data(_Frozen):
    """What the model was made and measured with; no patient in two splits of a network.

    Attributes
    ----------
    real_patients : tested, each by a network that had not learned from it; out of fold, the
        network that ships may have learned from all
    population : whom it is about: origin, age, what was excluded; older cards state none
    """

    description: str
    training_subjects: Annotated[int, Field(ge=0)]
    validation_subjects: Annotated[int, Field(ge=0)]
    test_subjects: Annotated[int, Field(ge=0)]
    real_patients: Annotated[int, Field(ge=0)] = 0
    population: str = ""

    @property
    def origin(self) -> str:
        """The population of origin; the data themselves where the card states none."""
        return self.population or self.description


class Metric(_Frozen):
    """One measured figure; `n` counts the cases behind it."""

    name: str
    value: float
    unit: str
    n: Annotated[int, Field(ge=1)]
    data: Literal["synthetic", "real"]


class Card(_Frozen):
    """``card.json``, schema 1.

    Attributes
    ----------
    files : SHA-256 of every other file in the folder
    input : the frozen description of the network's input
    widths : of a disc network's layers
    classes : of a grading model, the grades that each of its answers stands for; the last may
        stand for several, such as "2 or more"
    temperature : of a disc model, by which its logits are divided; 1 changes nothing
    bias : of an age model, equation 2 of P1 fitted on validation cases
    heat_limits : of an age model, above which shares of heat a caution is due
    feature_limit : of an age model that has ``features.safetensors``
    image_limits : of an age model, beyond which an image is unfit to judge an age by
    intervals : of an age model, its error by age bracket; older cards have none
    """

    schema_version: Literal[1]
    name: str
    version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")]
    files: dict[FileName, Sha256]
    input: InputSpec
    widths: VGGMWidths | None = None
    classes: tuple[GradeClass, ...] | None = None
    temperature: Annotated[float, Field(gt=0)] = 1.0
    bias: BiasLine | None = None
    heat_limits: HeatLimits | None = None
    feature_limit: FeatureLimit | None = None
    image_limits: ImageLimits | None = None
    intervals: AgeIntervals | None = None
    data: Data
    metrics: tuple[Metric, ...]
    evidence: Evidence
    intended_use: str
    license: str
    attribution: tuple[str, ...]

    @model_validator(mode="after")
    def _name_fits_input(self) -> Self:
        if self.name not in _names_from_spec(self.input):
            raise ValueError("the name does not belong to this kind of input")
        if isinstance(self.input, DiscSpec) != (self.widths is not None):
            raise ValueError("widths belong to disc models, and only to them")
        if self.temperature != 1.0 and not isinstance(self.input, DiscSpec):
            raise ValueError("a temperature belongs to disc models, and only to them")
        return self

    @model_validator(mode="after")
    def _classes_are_those_of_the_scale(self) -> Self:
        is_grading = isinstance(self.input, DiscSpec) and self.name == grading_name(
            self.input.scale
        )
        if is_grading != (self.classes is not None):
            raise ValueError("classes belong to grading models, and only to them")
        if self.classes is None or not isinstance(self.input, DiscSpec):
            return self
        grades = [grade for (grade,) in self.input.scale.classes]
        if [grade for one in self.classes for grade in one] != grades:
            raise ValueError("the classes are not the scale's grades in order, each once")
        if len(self.classes) < 2 or any(len(one) != 1 for one in self.classes[:-1]):
            raise ValueError("only the last class may stand for several grades")
        return self

    @model_validator(mode="after")
    def _limits_can_be_exceeded(self) -> Self:
        heat, features = self.heat_limits, self.feature_limit
        # Written so that what is no number fails, too.
        if heat and not (0 <= heat.outside_spine <= 1 and 0 <= heat.above_c2 <= 1):
            raise ValueError("a limit of a share of heat lies between 0 and 1")
        if features and not 0 < features.distance < math.inf:
            raise ValueError("the limit of a distance is a positive number")
        image = self.image_limits
        if image and not (
            0 < image.lowest_detail < math.inf and 0 < image.highest_grain < math.inf
        ):
            raise ValueError("limits of detail and grain are positive numbers")
        return self

    @model_validator(mode="after")
    def _evidence_has_patients(self) -> Self:
        enough = self.data.real_patients >= MINIMUM_REAL_PATIENTS
        if self.evidence is not Evidence.SYNTHETIC and not enough:
            raise ValueError(f"{self.evidence} evidence needs {MINIMUM_REAL_PATIENTS} patients")
        return self

    @model_validator(mode="after")
    def _intervals_fit_the_rest(self) -> Self:
        if self.intervals is None:
            return self
        if self.bias is None:
            raise ValueError("intervals are those of bias-corrected ages and need a bias line")
        if self.evidence is not Evidence.SYNTHETIC and self.intervals.data != "real":
            raise ValueError(f"{self.evidence} evidence needs intervals of real cases")
        return self

    @model_validator(mode="after")
    def _metrics_are_distinct(self) -> Self:
        if len({(metric.name, metric.data) for metric in self.metrics}) < len(self.metrics):
            raise ValueError("a metric is stated twice")
        return self

    def figure(self, name: str, unit: str) -> float | None:
        """Return a metric's value on the data that the evidence rests on; None if not stated."""
        data = "synthetic" if self.evidence is Evidence.SYNTHETIC else "real"
        wanted = (name, unit, data)
        values = (m.value for m in self.metrics if (m.name, m.unit, m.data) == wanted)
        return next(values, None)


def card_from_json(text: bytes) -> Card:
    """Parse and check a card; ModelIntegrityError with ``MODEL_INVALID`` if it breaks schema 1."""
    try:
        return Card.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"])) or "card"
        raise ModelIntegrityError(Code.MODEL_INVALID, f"{where}: {first['msg']}") from None


def _names_from_spec(spec: AgeSpec | DiscSpec | SegmentationSpec | StockSpec) -> tuple[str, ...]:
    match spec:
        case AgeSpec():
            return (AGE_NAME,)
        case DiscSpec():
            return disc_name(spec.scale), grading_name(spec.scale)
        case SegmentationSpec() | StockSpec():
            return (SEGMENTATION_NAME,)
