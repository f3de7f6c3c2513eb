"""Every sentence that a reader of the report meets, in one place.

After a viewer has taken a result over ("hydrated" it), only the comment is left
of it: each comment therefore begins with what the result must not be used for.
"""

from spine.anatomy.grades import Progression, Scale
from spine.errors import Caution, Code, Refusal
from spine.findings import AgeEstimate, DiscAssessment, Evidence, ModelReference, ScaleForecast

RESEARCH_NOTICE = "Research use only. Not a medical device; not for diagnosis or treatment."
RESEARCH_ONLY = "Research use only"
DEMONSTRATION_NOTICE = "DEMONSTRATION MODEL – NOT FOR PATIENTS"
PAGE_TITLE = "Spine age and disc progression"
NO_PICTURE = "No picture: the pixels could not be used."
NO_INTERVAL = "No reference band: the model's card states no error."
NO_DISCS = "No lumbar disc was assessed."
NOT_GIVEN = "not given"
ORIENTATION = "A = anterior (left side of the picture); mid-sagittal slice"
PROGRESSION_HEADING = "Lumbar discs: grade now → in five years"
PROGRESSION_LEGEND = "P: probability of a worse grade in five years"

SCALE_NAMES = {
    Scale.PFIRRMANN: "Pfirrmann",
    Scale.SCHNEIDERMAN: "Schneiderman",
    Scale.BULGING: "Bulging",
}

PROGRESSION_WORDS = {
    Progression.IMPROVED: "better",
    Progression.UNCHANGED: "same",
    Progression.PROGRESSED: "worse",
    Progression.NOT_AT_RISK: "highest grade",
    Progression.UNDETERMINED: "baseline unknown",
}


def comment_prefix(*, demonstration: bool) -> str:
    """Return the words that every comment begins with."""
    return "DEMO – NOT FOR PATIENTS" if demonstration else "RESEARCH"


def series_description(content: str, *, demonstration: bool) -> str:
    """Describe a series in at most 64 characters, its use first of all."""
    subject = DEMONSTRATION_NOTICE if demonstration else f"SpineMAP {content}"
    return f"{subject} – {RESEARCH_ONLY}"


def notices(*, demonstration: bool) -> tuple[str, ...]:
    """Return the notices that every object carries, the gravest first."""
    return (DEMONSTRATION_NOTICE, RESEARCH_NOTICE) if demonstration else (RESEARCH_NOTICE,)


def age_sentence(age: AgeEstimate) -> str:
    """Say spine age, gap and chronological age."""
    return (
        f"spine age {age.predicted_age_years:.1f} y, gap {age.age_gap_years:+.1f} y "
        f"(chronological {age.chronological_age_years:.1f} y; evidence: {age.evidence})"
    )


def forecast_sentence(forecast: ScaleForecast) -> str:
    """Say one scale's grade now and in five years."""
    name = SCALE_NAMES[forecast.scale]
    if forecast.baseline is None:
        return f"{name} {forecast.predicted_grade} in 5 y (grade now unknown)"
    change = f"{name} {forecast.baseline.grade}, in 5 y {forecast.predicted_grade}"
    if forecast.progression is Progression.NOT_AT_RISK:
        return f"{change} ({PROGRESSION_WORDS[forecast.progression]})"
    if forecast.progression_probability is None:
        return change
    return f"{change}, P(worse) {percent(forecast.progression_probability)}"


def disc_sentence(disc: DiscAssessment) -> str:
    """Say all of a disc's forecasts, then what was refused of them."""
    forecasts = [item for item in disc.forecasts if isinstance(item, ScaleForecast)]
    refusals = [item for item in disc.forecasts if isinstance(item, Refusal)]
    parts = [forecast_sentence(forecast) for forecast in forecasts]
    if forecasts:
        parts.append(f"evidence: {Evidence.lowest(*(item.evidence for item in forecasts))}")
    parts += [refusal_sentence(refusal) for refusal in refusals]
    return f"{disc.level} " + "; ".join(parts)


def refusal_sentence(refusal: Refusal) -> str:
    """Say what was not given, the code and the reason."""
    subject = "spine age" if refusal.subject == "age" else refusal.subject
    return f"{subject} {NOT_GIVEN}: {refusal.code}. {refusal.reason}"


def caution_sentence(caution: Caution) -> str:
    """Say a doubt with its code."""
    return f"{caution.code}: {caution.reason}"


def caution_comment(cautions: tuple[Caution, ...]) -> str:
    """Say all doubts about the study in one comment."""
    return "cautions: " + " ".join(caution_sentence(caution) for caution in cautions)


def model_name(model: ModelReference) -> str:
    """Name a model with its version and evidence."""
    return f"{model.name} {model.version} ({model.evidence})"


def evidence_line(evidence: Evidence | None) -> str:
    """Say what the page's numbers rest on."""
    words = {
        None: "No number on this page comes from a model.",
        Evidence.SYNTHETIC: "Evidence: synthetic images only; no clinical performance is known.",
        Evidence.RETROSPECTIVE: "Evidence: retrospective, on patients not used in training.",
        Evidence.PROSPECTIVE: "Evidence: prospective.",
    }
    return words[evidence]


def band_sentence(error_years: float) -> str:
    """Name the source of the reference band."""
    return f"Band: ±{error_years:.1f} y, the model's mean absolute error as its card states it."


def withheld_summary(code: Code, count: int) -> str:
    """Say how many results share one reason."""
    return f"{code} ({count} results)" if count > 1 else str(code)


def percent(probability: float) -> str:
    """Print a probability."""
    return f"{100 * probability:.0f}%"
