"""Every sentence about the discs: grades, where they come from, and what becomes of them."""

from collections.abc import Iterable, Sequence

from spine.anatomy.grades import BaselineKind, Progression, Scale, Undetermined
from spine.errors import Refusal
from spine.findings import Baseline, DiscAssessment, Evidence, ScaleForecast
from spine.reporting.doubts import models_of, scale_of
from spine.reporting.wording import NOT_GIVEN, percent

HEADING = "Lumbar discs: grade now → in five years"
NO_DISCS = "No lumbar disc was assessed."
PAGE_TITLE = "SpineMAP: what the disc networks saw and said"
PAGE_NOTE = (
    "Each picture is the middle slice of the region that the networks saw, with the masks' "
    "outlines. Bars: probability of each grade in five years."
)
LIMITS = (
    "For five years from this study and no other time. Studied neither under 18 years nor "
    "after spine surgery, with a spinal tumor or marked deformity; images alone cannot rule "
    "these out."
)
SHORT_LIMITS = (
    "Not studied under 18 years, after spine surgery, with a tumor or marked deformity. "
    "Population of origin: structured report."
)

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
    Progression.UNDETERMINED: "undetermined",
}

_SHORT_REASONS = {
    Undetermined.NO_BASELINE: "grade now unknown",
    Undetermined.OPEN_CLASS: "undetermined",
    Undetermined.UNSURE_BASELINE: "unsure",
    Undetermined.CONTRADICTION: "undecided",
}
_SHORT_SOURCES = {
    BaselineKind.TABLE: "table",
    BaselineKind.PRIOR: "report",
    BaselineKind.MODEL: "model",
}


def grades(forecast: ScaleForecast) -> str:
    """Print the grade now and in five years."""
    return f"{_grade_now(forecast.baseline)}→{forecast.predicted_grade}"


def _grade_now(baseline: Baseline | None) -> str:
    if baseline is None:
        return "?"
    return f"{baseline.grade}{'+' if baseline.is_open else ''}"


def state(forecast: ScaleForecast) -> str:
    """Say what becomes of a disc, and with which probability it gets worse; short."""
    words = _state_word(forecast)
    probability = _probability(forecast)
    return words if probability is None else f"{words} · P(worse) {percent(probability)}"


def state_line(forecast: ScaleForecast) -> str:
    """Say one scale's grades and what becomes of them in a line."""
    return f"{SCALE_NAMES[forecast.scale]} {grades(forecast)} {state(forecast)}"


def _state_word(forecast: ScaleForecast) -> str:
    if forecast.progression is Progression.UNDETERMINED:
        return _SHORT_REASONS[forecast.undetermined or Undetermined.NO_BASELINE]
    return PROGRESSION_WORDS[forecast.progression]


def _probability(forecast: ScaleForecast) -> float | None:
    """Return the probability to print; what cannot worsen has none."""
    if forecast.progression is Progression.NOT_AT_RISK:
        return None
    return forecast.progression_probability


def forecast_sentence(forecast: ScaleForecast) -> str:
    """Say one scale's grade now and in five years; short, since it stands beside an arrow."""
    change = f"{SCALE_NAMES[forecast.scale]} {grades(forecast)}"
    return f"{change} ({_outcome(forecast)})"


def _outcome(forecast: ScaleForecast) -> str:
    if forecast.progression is Progression.UNDETERMINED:
        return undetermined_reason(forecast)
    probability = _probability(forecast)
    if probability is None:
        return PROGRESSION_WORDS[forecast.progression]
    return f"worse: {percent(probability)}"


def undetermined_reason(forecast: ScaleForecast) -> str:
    """Say why nothing is said, with both sides of what contradicts itself."""
    reason, probability = forecast.undetermined, forecast.progression_probability
    if reason is Undetermined.OPEN_CLASS and forecast.baseline is not None:
        return f"undetermined: {forecast.baseline.grade} or more now"
    if reason is Undetermined.UNSURE_BASELINE and probability is not None:
        return f"undetermined: grade now too uncertain; worse: {percent(probability)}"
    if reason is Undetermined.CONTRADICTION and probability is not None:
        by_grade = PROGRESSION_WORDS[forecast.grade_progression]
        return f"undetermined: most probable grade {by_grade}, yet worse: {percent(probability)}"
    return _SHORT_REASONS[Undetermined.NO_BASELINE]


def probabilities(forecast: ScaleForecast) -> str:
    """Print the probability of every grade in five years."""
    pairs = zip(forecast.scale.grades, forecast.probabilities, strict=True)
    return ", ".join(f"grade {int(grade)}: {percent(share)}" for grade, share in pairs)


def source(baseline: Baseline) -> str:
    """Say where a grade comes from; of a model's also how certain it is."""
    if baseline.grading is None:
        return baseline.source
    return f"{baseline.source}, {percent(baseline.grading.certainty)} certain"


def short_source(baseline: Baseline | None) -> str:
    """Say in a word or two where the grade now comes from; empty where there is none."""
    if baseline is None:
        return ""
    words = f"now: {_SHORT_SOURCES[baseline.kind]}"
    if baseline.grading is None:
        return words
    return f"{words} {percent(baseline.grading.certainty)}"


def sources_sentence(forecasts: Sequence[ScaleForecast]) -> str:
    """Name every source once, with its scales where there are several; empty without any."""
    scales: dict[str, list[str]] = {}
    for item in forecasts:
        if item.baseline is not None:
            scales.setdefault(source(item.baseline), []).append(SCALE_NAMES[item.scale])
    if not scales:
        return ""
    if len(scales) == 1:
        return f"Grade now: {next(iter(scales))}."
    parts = (f"{', '.join(names)} by {words}" for words, names in scales.items())
    return f"Grade now: {'; '.join(parts)}."


def disc_sentence(disc: DiscAssessment) -> str:
    """Say all of a disc's forecasts, then what was refused of them."""
    forecasts = [item for item in disc.forecasts if isinstance(item, ScaleForecast)]
    refusals = _scale_refusals(disc)
    if not forecasts:
        return f"{disc.level} " + " ".join(refusals)
    changes = ", ".join(forecast_sentence(forecast) for forecast in forecasts)
    evidence = Evidence.lowest(*(item.evidence for item in forecasts))
    given = f"{disc.level} now→5 y: {changes}."
    parts = (given, sources_sentence(forecasts), f"Evidence: {evidence}.", *refusals)
    return " ".join(part for part in parts if part)


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


def limits(forecasts: Iterable[ScaleForecast]) -> tuple[str, ...]:
    """Say for whom predictions were not made, and whose spines they rest on; none without any."""
    models = (model for item in forecasts for model in models_of(item))
    populations = dict.fromkeys(model.population for model in models)
    if not populations:
        return ()
    known = [words.rstrip(".") for words in populations if words]
    origin = "; ".join(known) or "not stated on the models' cards"
    return LIMITS, f"Population of origin: {origin}."
