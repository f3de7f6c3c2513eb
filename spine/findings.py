"""What travels between the steps of the chain: measurements, estimates and their provenance."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, Self

from spine.anatomy.geometry import SpineGeometry
from spine.anatomy.grades import BaselineKind, GradeClass, Progression, Scale, Undetermined
from spine.anatomy.levels import DiscLevel
from spine.dicom.study import Selection
from spine.errors import Caution, Refusal
from spine.findings_heat import AgeHeat, LimitedValue
from spine.imaging.volume import LabelMap, Volume

# Subject of a refusal that concerns every result.
STUDY = "study"


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
    population : whom the model was made and measured with, as its card says it
    """

    name: str
    version: str
    card_sha256: str
    evidence: Evidence
    population: str = ""


@dataclass(frozen=True, slots=True)
class Quality:
    """How far a segmentation can be trusted.

    Attributes
    ----------
    vertebra_count : vertebrae found, sacrum not counted
    levels_certain : whether an anchor (sacrum, C2) named the levels
    cautions : what the reader of the report should know
    refusals : what is withheld, one a subject: a disc level, or `STUDY` for age and all discs
    disagreement : 1 - Dice between a plain and a mirrored pass, mean over vertebrae and
        discs; None where no mirrored pass was made
    """

    vertebra_count: int
    levels_certain: bool
    cautions: tuple[Caution, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    disagreement: float | None = None

    def refusal(self, subject: str) -> Refusal | None:
        """Return what withholds a disc by its level, or the whole study; None if nothing does."""
        return next((item for item in self.refusals if item.subject == subject), None)


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


class Position(StrEnum):
    """Where a spine age lies beside those that the model's error explains."""

    ABOVE = "above"
    WITHIN = "within"
    BELOW = "below"


@dataclass(frozen=True, slots=True)
class AgeInterval:
    """Spine ages that the model's own error explains at an age (docs/adr/0027).

    Attributes
    ----------
    center_years : the chronological age, which is also the one expected
    half_width_years : new normal cases have a gap within plus or minus this, with the coverage
    first_years, last_years : the age bracket that was measured, completed years, both included
    cases : normal calibration cases in the bracket
    data : what they are
    gap_percentile : percent of them that have this gap or a lower one, rounded down; 99
        stands for all above
    """

    center_years: float
    half_width_years: float
    coverage_percent: int
    first_years: int
    last_years: int
    cases: int
    data: Literal["synthetic", "real"]
    gap_percentile: int

    @property
    def lower_years(self) -> float:
        return self.center_years - self.half_width_years

    @property
    def upper_years(self) -> float:
        return self.center_years + self.half_width_years


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
        states it; None where it states none
    interval : None where the card states none for this age; then nothing can be said of
        whether the gap is more than the model's error
    heat : where the network looked; None where it was not looked at
    feature_distance : from the training cases; None where it was not measured
    detectable_change_years : the least change of the gap that is not the model's error, as its
        card states it; None where it states none: then nothing is said of a change
    """

    chronological_age_years: float
    uncorrected_age_years: float
    predicted_age_years: float
    evidence: Evidence
    model: ModelReference
    mean_absolute_error_years: float | None = None
    interval: AgeInterval | None = None
    heat: AgeHeat | None = None
    feature_distance: LimitedValue | None = None
    detectable_change_years: float | None = None

    @property
    def age_gap_years(self) -> float:
        return self.predicted_age_years - self.chronological_age_years

    @property
    def position(self) -> Position | None:
        """Above or below only where the interval excludes the real age; None without one."""
        if self.interval is None:
            return None
        if abs(self.age_gap_years) <= self.interval.half_width_years:
            return Position.WITHIN
        return Position.ABOVE if self.age_gap_years > 0 else Position.BELOW


@dataclass(frozen=True, slots=True)
class Grading:
    """What a grading model says about a disc as it is now.

    Attributes
    ----------
    classes : the grades that each probability is about, in order of severity
    probabilities : one per class
    """

    classes: tuple[GradeClass, ...]
    probabilities: tuple[float, ...]
    model: ModelReference

    @property
    def certainty(self) -> float:
        """Probability of the most probable class."""
        return max(self.probabilities)


@dataclass(frozen=True, slots=True)
class Baseline:
    """A grade at the time of the study, and where it comes from.

    Attributes
    ----------
    grade : where `is_open`, the lowest that it may be
    is_open : whether it is known only as "this grade or more"
    grading : of a grade that a model gave
    """

    grade: int
    source: str
    kind: BaselineKind = BaselineKind.TABLE
    is_open: bool = False
    grading: Grading | None = None


@dataclass(frozen=True, slots=True)
class ScaleForecast:
    """One scale's grade in five years (P2, Prediction Pipeline).

    Attributes
    ----------
    probabilities : one per grade of the scale, in order of severity, calibrated by temperature
    predicted_grade : the grade of highest probability
    progression : what is said
    progression_probability : sum over the grades above the baseline; None without one
    evidence : lowest of all models passed through, the baseline's included
    grade_progression : what the predicted grade alone says
    undetermined : why nothing is said; None where something is
    temperature : of the calibration, from the model's card
    """

    scale: Scale
    baseline: Baseline | None
    probabilities: tuple[float, ...]
    predicted_grade: int
    progression: Progression
    progression_probability: float | None
    evidence: Evidence
    model: ModelReference
    grade_progression: Progression = Progression.UNDETERMINED
    undetermined: Undetermined | None = None
    temperature: float = 1.0


@dataclass(frozen=True, slots=True)
class DiscAssessment:
    """A disc's forecasts, one per scale; a scale that could not be judged is a refusal.

    Attributes
    ----------
    cautions : what the reader of the forecasts should know
    region : what the networks saw, axes right, inferior, posterior; None where they saw nothing
    """

    level: DiscLevel
    forecasts: tuple[ScaleForecast | Refusal, ...]
    cautions: tuple[Caution, ...] = ()
    region: Volume | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """Everything known about one study at the end of the chain."""

    selection: Selection
    segmentation: Segmentation | Refusal
    age: AgeEstimate | Refusal
    discs: tuple[DiscAssessment | Refusal, ...]
