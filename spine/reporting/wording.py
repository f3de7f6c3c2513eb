"""Every sentence that a reader of the report meets, in one place.

After a viewer has taken a result over ("hydrated" it), only the comment is left
of it: each comment therefore begins with what the result must not be used for.
"""

from collections.abc import Sequence
from datetime import datetime

from spine.anatomy.grades import Progression, Scale
from spine.errors import Caution, Refusal
from spine.findings import (
    AgeEstimate,
    DiscAssessment,
    Evidence,
    ModelReference,
    ScaleForecast,
    Segmentation,
)
from spine.reporting.doubts import scale_of

RESEARCH_ONLY = "Research use only"
RESEARCH_NOTICE = "Research use only. Not a medical device; not for diagnosis or treatment."
DEMONSTRATION_NOTICE = "DEMONSTRATION MODEL – NOT FOR PATIENTS"
NOT_GIVEN = "not given"

# The summary page.
PAGE_TITLE = "SpineMAP: spine age and disc progression"
AGE_HEADING = "Spine age"
NO_BAND = "No reference band: the model's card states no error."
NO_PICTURE = "No picture: the pixels could not be used."
NO_DISCS = "No lumbar disc was assessed."
PROGRESSION_HEADING = "Lumbar discs: grade now → in five years"
REFUSALS_HEADING = "Not given, and why"
CAUTIONS_HEADING = "Cautions"

SCALE_NAMES = {
    Scale.PFIRRMANN: "Pfirrmann",
    Scale.BULGING: "Bulging",
    Scale.SCHNEIDERMAN: "Schneiderman",
}

PROGRESSION_WORDS = {
    Progression.IMPROVED: "better",
    Progression.UNCHANGED: "same",
    Progression.PROGRESSED: "worse",
    Progression.NOT_AT_RISK: "cannot worsen",
    Progression.UNDETERMINED: "grade now unknown",
}


_FOUR_LETTERS = {
    "vertebrae": "Vert",
    "discs": "Disc",
    "canal and cord": "Cord",
    "ribs": "Ribs",
    "summary page": "Page",
    "measurement report": "Text",
}


def comment_prefix(*, demonstration: bool) -> str:
    """Return the words that every comment begins with."""
    return "DEMO – NOT FOR PATIENTS" if demonstration else "RESEARCH"


def series_description(content: str, *, demonstration: bool) -> str:
    """Describe a series in at most 64 bytes of UTF-8, which the two notices nearly fill."""
    if demonstration:
        return f"{_FOUR_LETTERS[content]} {DEMONSTRATION_NOTICE}. {RESEARCH_ONLY}"
    return f"SpineMAP {content} – {RESEARCH_ONLY}"


def notices(*, demonstration: bool) -> tuple[str, ...]:
    """Return the notices that every object carries, the gravest first."""
    return (DEMONSTRATION_NOTICE, RESEARCH_NOTICE) if demonstration else (RESEARCH_NOTICE,)


def page_title(revision: int) -> str:
    """Say what the summary page is, and if so that it replaces an earlier one."""
    return PAGE_TITLE if revision == 1 else f"{PAGE_TITLE} · revision {revision}"


def revision_sentence(revision: int) -> str:
    """Say that this result replaces an earlier one about the same study."""
    return (
        f"Revision {revision}: images arrived after revision {revision - 1}, "
        "which this report replaces."
    )


def age_sentence(age: AgeEstimate) -> str:
    """Say spine age, gap and chronological age."""
    return (
        f"spine age {age.predicted_age_years:.1f} y, gap {age.age_gap_years:+.1f} y "
        f"(actual age {age.chronological_age_years:.1f} y; evidence: {age.evidence})"
    )


def age_difference(age: AgeEstimate) -> str:
    """Say in words which way the gap goes."""
    if abs(age.age_gap_years) < 0.05:
        return "the spine looks as old as the patient is"
    return f"the spine looks {'older' if age.age_gap_years > 0 else 'younger'} than the patient is"


def band_sentence(error_years: float) -> str:
    """Name the source of the reference band."""
    return f"Band: actual age ± {error_years:.1f} years, the mean error on the model's card."


def grades(forecast: ScaleForecast) -> str:
    """Print the grade now and in five years."""
    now = "?" if forecast.baseline is None else str(forecast.baseline.grade)
    return f"{now}→{forecast.predicted_grade}"


def state(forecast: ScaleForecast) -> str:
    """Say what becomes of a disc, and with which probability it gets worse."""
    words = PROGRESSION_WORDS[forecast.progression]
    if forecast.progression is Progression.NOT_AT_RISK or forecast.progression_probability is None:
        return words
    return f"{words} · P(worse) {percent(forecast.progression_probability)}"


def forecast_sentence(forecast: ScaleForecast) -> str:
    """Say one scale's grade now and in five years; short, since it stands beside an arrow."""
    change = f"{SCALE_NAMES[forecast.scale]} {grades(forecast)}"
    if forecast.progression is Progression.NOT_AT_RISK or forecast.progression_probability is None:
        return f"{change} ({PROGRESSION_WORDS[forecast.progression]})"
    return f"{change} (worse: {percent(forecast.progression_probability)})"


def disc_sentence(disc: DiscAssessment) -> str:
    """Say all of a disc's forecasts, then what was refused of them."""
    forecasts = [item for item in disc.forecasts if isinstance(item, ScaleForecast)]
    refusals = _scale_refusals(disc)
    if not forecasts:
        return f"{disc.level} " + " ".join(refusals)
    changes = ", ".join(forecast_sentence(forecast) for forecast in forecasts)
    evidence = Evidence.lowest(*(item.evidence for item in forecasts))
    given = f"{disc.level} now→5 y: {changes}. Evidence: {evidence}."
    return " ".join([given, *refusals])


def _scale_refusals(disc: DiscAssessment) -> list[str]:
    """Say each reason once, with the scales it kept back; all of them need no names."""
    kept_back: dict[tuple[str, str], list[str]] = {}
    for item in disc.forecasts:
        if isinstance(item, Refusal):
            scale = scale_of(item)
            name = SCALE_NAMES[scale] if scale else item.subject
            kept_back.setdefault((item.code, item.reason), []).append(name)
    if len(kept_back) == 1 and all(isinstance(item, Refusal) for item in disc.forecasts):
        ((code, reason),) = kept_back
        return [f"{NOT_GIVEN}: {code}. {reason}"]
    return [
        f"{', '.join(names)} {NOT_GIVEN}: {code}. {reason}"
        for (code, reason), names in kept_back.items()
    ]


def refusal_sentence(refusal: Refusal) -> str:
    """Say what was not given, the code and the reason."""
    return f"{subject(refusal.subject)} {NOT_GIVEN}: {refusal.code}. {refusal.reason}"


def grouped_refusal(code: str, reason: str, subjects: Sequence[str]) -> str:
    """Say one reason once, for everything it kept back."""
    return f"{code}: {reason} ({', '.join(_shortened(subjects))})"


def _shortened(subjects: Sequence[str]) -> list[str]:
    """Name a disc once where all of its scales are listed."""
    words: list[str] = []
    for name in subjects:
        level = name.split(" ", 1)[0]
        whole = all(f"{level} {scale}" in subjects for scale in Scale)
        words.append(level if whole else subject(name))
    return list(dict.fromkeys(words))


def subject(name: str) -> str:
    """Name what a refusal is about."""
    return {"age": "spine age", "study": "analysis"}.get(name, name)


def caution_sentence(caution: Caution) -> str:
    """Say a doubt with its code."""
    return f"{caution.code}: {caution.reason}"


def caution_comment(cautions: Sequence[Caution]) -> str:
    """Say all doubts about the study in one comment."""
    return "cautions: " + " ".join(caution_sentence(caution) for caution in cautions)


def more_in_report(count: int, *, shown: int) -> str:
    """Say that the page has no room for the rest."""
    return f"{f'… and {count} more' if shown else count}, in the structured report."


def picture_caption(segmentation: Segmentation | Refusal) -> str:
    """Say what the slice shows, and how far its level names can be trusted."""
    if isinstance(segmentation, Refusal):
        return "Middle slice. A: anterior, P: posterior. Not segmented."
    doubt = "" if segmentation.quality.levels_certain else " LEVEL NAMES UNCERTAIN."
    count = segmentation.quality.vertebra_count
    return f"Mid-sagittal. A: anterior, P: posterior. {count} vertebrae found.{doubt}"


def evidence_line(evidence: Evidence | None) -> str:
    """Say what the page's numbers rest on."""
    if evidence is None:
        return "No model's prediction is given on this page."
    words = {
        Evidence.SYNTHETIC: "synthetic images only, clinical performance unknown",
        Evidence.RETROSPECTIVE: "retrospective, patients not used in training",
        Evidence.PROSPECTIVE: "prospective",
    }
    return f"Evidence: {words[evidence]}."


def models_line(models: Sequence[ModelReference], code_version: str) -> str:
    """Name the software and every model with its version and evidence."""
    return f"SpineMAP {code_version}. Models: " + ", ".join(model_name(model) for model in models)


def model_name(model: ModelReference) -> str:
    """Name a model with its version and evidence."""
    return f"{model.name} {model.version} ({model.evidence})"


def evidence_of(model: ModelReference) -> str:
    """Say in at most 64 characters what a segmentation rests on."""
    return f"{RESEARCH_ONLY}; evidence of the model: {model.evidence}"


def analysis_line(moment: datetime) -> str:
    """Say when the analysis was made."""
    return f"Analyzed {moment:%Y-%m-%d %H:%M %Z}. Values and reasons in full: structured report."


def percent(probability: float) -> str:
    """Print a probability."""
    return f"{100 * probability:.0f}%"
