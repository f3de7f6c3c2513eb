"""What travels between the steps of the chain: measurements, estimates and their provenance."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from spine.anatomy.geometry import SpineGeometry
from spine.anatomy.grades import Progression, Scale
from spine.anatomy.levels import DiscLevel
from spine.dicom.study import Selection
from spine.errors import Caution, Refusal
from spine.imaging.volume import LabelMap, Volume


class Evidence(StrEnum):
    """What a model's figures rest on, weakest first (docs/adr/0003-weights-cards-evidence.md)."""

    SYNTHETIC = "synthetic"
    RETROSPECTIVE = "retrospective"
    PROSPECTIVE = "prospective"

    @property
    def rank(self) -> int:
        return list(Evidence).index(self)

    @classmethod
    def lowest(cls, *evidence: Self) -> Self:
        """Return the weakest: a result's evidence is that of all models it passed through."""
        return min(evidence, key=lambda item: item.rank)


@dataclass(frozen=True, slots=True)
class ModelReference:
    """A model as named in every result.

    Attributes
    ----------
    card_sha256 : hash of its ``card.json``, which holds the hashes of its other files
    evidence : the lower of the card's evidence and what the site approved it for
    """

    name: str
    version: str
    card_sha256: str
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Quality:
    """How far a segmentation can be trusted.

    Attributes
    ----------
    vertebra_count : vertebrae found, sacrum not counted
    levels_certain : whether an anchor (sacrum, C2) named the levels
    cautions : what the reader of the report should know
    """

    vertebra_count: int
    levels_certain: bool
    cautions: tuple[Caution, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Segmentation:
    """The spine, segmented and measured.

    Attributes
    ----------
    volume : the selected series, canonical orientation, native spacing
    labels : instances on the same grid, values of `spine.anatomy.labels`
    geometry : vertebrae and discs measured on the labels
    """

    volume: Volume
    labels: LabelMap
    geometry: SpineGeometry
    quality: Quality
    model: ModelReference


@dataclass(frozen=True, slots=True)
class AgeEstimate:
    """Spine age (P1).

    Attributes
    ----------
    uncorrected_age_years : the network's output
    predicted_age_years : after bias correction (P1, equation 3)
    age_gap_years : predicted minus chronological
    evidence : lowest of all models passed through
    mean_absolute_error_years : of corrected ages on the test set, as the model's card
        states it; None where it states none, and then no reference band is drawn
    """

    chronological_age_years: float
    uncorrected_age_years: float
    predicted_age_years: float
    evidence: Evidence
    model: ModelReference
    mean_absolute_error_years: float | None = None

    @property
    def age_gap_years(self) -> float:
        return self.predicted_age_years - self.chronological_age_years


@dataclass(frozen=True, slots=True)
class Baseline:
    """A grade given at the time of the study, never guessed, and where it was read."""

    grade: int
    source: str


@dataclass(frozen=True, slots=True)
class ScaleForecast:
    """One scale's grade in five years (P2, Prediction Pipeline).

    Attributes
    ----------
    probabilities : one per grade of the scale, in order of severity
    predicted_grade : the grade of highest probability
    progression_probability : sum over the grades above the baseline; None without baseline
    """

    scale: Scale
    baseline: Baseline | None
    probabilities: tuple[float, ...]
    predicted_grade: int
    progression: Progression
    progression_probability: float | None
    evidence: Evidence
    model: ModelReference


@dataclass(frozen=True, slots=True)
class DiscAssessment:
    """A disc's forecasts, one per scale; a scale that could not be judged is a refusal."""

    level: DiscLevel
    forecasts: tuple[ScaleForecast | Refusal, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """Everything known about one study at the end of the chain."""

    selection: Selection
    segmentation: Segmentation | Refusal
    age: AgeEstimate | Refusal
    discs: tuple[DiscAssessment | Refusal, ...]
