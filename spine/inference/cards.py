"""Model cards: what a model is, what it rests on, and the hash of each of its files."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from spine.errors import Code, ModelIntegrityError
from spine.findings import Evidence
from spine.inference.models import AGE_NAME, SEGMENTATION_NAME, BiasLine, disc_name
from spine.networks.vgg_m import VGGMWidths
from spine.preprocessing.age import AgeSpec
from spine.preprocessing.disc import DiscSpec
from spine.preprocessing.segmentation import SegmentationSpec

CARD_FILE = "card.json"
MINIMUM_REAL_PATIENTS = 20
CORRECTED_AGE_ERROR = "MAE, bias-corrected"
"""The metric of an age model that the report draws as a reference band."""

InputSpec = Annotated[AgeSpec | DiscSpec | SegmentationSpec, Field(discriminator="kind")]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
FileName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*\.(safetensors|json)$")]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Data(_Frozen):
    """What the model was made and measured with; no patient in two splits.

    Attributes
    ----------
    real_patients : in the test split and not used in training
    """

    description: str
    training_subjects: Annotated[int, Field(ge=0)]
    validation_subjects: Annotated[int, Field(ge=0)]
    test_subjects: Annotated[int, Field(ge=0)]
    real_patients: Annotated[int, Field(ge=0)] = 0


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
    bias : of an age model, equation 2 of P1 fitted on validation cases
    """

    schema_version: Literal[1]
    name: str
    version: Annotated[str, Field(pattern=r"^\d+\.\d+\.\d+$")]
    files: dict[FileName, Sha256]
    input: InputSpec
    widths: VGGMWidths | None = None
    bias: BiasLine | None = None
    data: Data
    metrics: tuple[Metric, ...]
    evidence: Evidence
    intended_use: str
    license: str
    attribution: tuple[str, ...]

    @model_validator(mode="after")
    def _name_fits_input(self) -> Self:
        if self.name != _name_from_spec(self.input):
            raise ValueError("the name does not belong to this kind of input")
        if isinstance(self.input, DiscSpec) != (self.widths is not None):
            raise ValueError("widths belong to disc models, and only to them")
        return self

    @model_validator(mode="after")
    def _evidence_has_patients(self) -> Self:
        enough = self.data.real_patients >= MINIMUM_REAL_PATIENTS
        if self.evidence is not Evidence.SYNTHETIC and not enough:
            raise ValueError(f"{self.evidence} evidence needs {MINIMUM_REAL_PATIENTS} patients")
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


def _name_from_spec(spec: AgeSpec | DiscSpec | SegmentationSpec) -> str:
    match spec:
        case AgeSpec():
            return AGE_NAME
        case DiscSpec():
            return disc_name(spec.scale)
        case SegmentationSpec():
            return SEGMENTATION_NAME
