"""What was withheld in a study, what is doubtful, and what the rest is based on."""

from spine.anatomy.grades import Scale
from spine.errors import Caution, Refusal
from spine.findings import (
    AgeEstimate,
    DiscAssessment,
    Evidence,
    Findings,
    ModelReference,
    ScaleForecast,
    Segmentation,
)
from spine.reporting.course import course


def refusals(findings: Findings) -> tuple[Refusal, ...]:
    """Return everything withheld, each thing once: study, segmentation, age, discs, scales."""
    found = [findings.selection.refusal, findings.segmentation, findings.age]
    every = [item for item in found if isinstance(item, Refusal)]
    return tuple(dict.fromkeys((*every, *disc_refusals(findings.discs))))


def disc_refusals(discs: tuple[DiscAssessment | Refusal, ...]) -> list[Refusal]:
    """Return the refusals of whole discs and of single scales."""
    found: list[Refusal] = []
    for disc in discs:
        parts = (disc,) if isinstance(disc, Refusal) else disc.forecasts
        found += [part for part in parts if isinstance(part, Refusal)]
    return found


def scale_of(item: ScaleForecast | Refusal) -> Scale | None:
    """Return the scale that a forecast or a refusal such as "L4/L5 pfirrmann" is about."""
    if isinstance(item, ScaleForecast):
        return item.scale
    return next((scale for scale in Scale if item.subject.endswith(f" {scale}")), None)


def cautions(findings: Findings) -> tuple[Caution, ...]:
    """Return all doubts, of files, stations, segmentation, age and discs, each once."""
    segmentation, age = findings.segmentation, findings.age
    doubts = segmentation.quality.cautions if isinstance(segmentation, Segmentation) else ()
    if isinstance(age, AgeEstimate) and age.heat is not None:
        doubts = (*doubts, *age.heat.cautions)
    for disc in findings.discs:
        if isinstance(disc, DiscAssessment):
            doubts = (*doubts, *disc.cautions)
    selection = findings.selection
    doubts = (*selection.cautions, *doubts, *course(findings).cautions)
    return tuple(dict.fromkeys((*selection.study.cautions, *doubts)))


def evidence(findings: Findings) -> Evidence | None:
    """Return the lowest evidence of the predictions given; None where none is given."""
    ranks = [findings.age.evidence] if isinstance(findings.age, AgeEstimate) else []
    ranks += [item.evidence for item in forecasts_of(findings.discs)]
    return Evidence.lowest(*ranks) if ranks else None


def models_of(item: ScaleForecast) -> tuple[ModelReference, ...]:
    """Return the models that a forecast passed through, its own first."""
    grading = None if item.baseline is None else item.baseline.grading
    return (item.model,) if grading is None else (item.model, grading.model)


def forecasts_of(discs: tuple[DiscAssessment | Refusal, ...]) -> list[ScaleForecast]:
    """Return every forecast that is given."""
    assessed = (disc for disc in discs if isinstance(disc, DiscAssessment))
    return [item for disc in assessed for item in disc.forecasts if isinstance(item, ScaleForecast)]
