"""results.json as a few lines for a terminal."""

from collections.abc import Iterator, Mapping
from typing import Any

Json = Mapping[str, Any]


def readout(results: Json) -> Iterator[str]:
    """Yield the notices, the age, one line a disc, and what was refused or doubted."""
    yield from results["notices"]
    yield ""
    yield _segmentation(results["segmentation"])
    yield _age(results["age"])
    for disc in results["discs"]:
        yield _disc(disc)
    yield from map(_earlier, results.get("course", {}).get("studies", ()))
    yield from dict.fromkeys(_cautions(results))
    for model in results["models"]:
        yield f"model    {model['name']} {model['version']} ({model['evidence']})"


def _cautions(results: Json) -> Iterator[str]:
    course = results.get("course", {})
    parts = (results["study"], results["segmentation"], *results["discs"], course)
    for part in parts:
        for caution in part.get("cautions", ()):
            yield f"caution  {caution['code']}: {caution['reason']}"


def _segmentation(segmentation: Json) -> str:
    if segmentation["refusal"] is not None:
        return f"spine    not given: {segmentation['refusal']['code']}"
    levels = [vertebra["level"] for vertebra in segmentation["vertebrae"]]
    ends = f", {levels[0]} to {levels[-1]}" if levels else ""
    return f"spine    {segmentation['vertebra_count']} vertebrae{ends}"


def _age(age: Json) -> str:
    if age["refusal"] is not None:
        return f"age      not given: {age['refusal']['code']}"
    predicted, gap = age["predicted_age"]["value"], age["age_gap"]["value"]
    return f"age      {predicted:.1f} years, gap {gap:+.1f} years, {_error(age)}"


def _earlier(study: Json) -> str:
    """Say how long before, and what was said then; results of older versions know none."""
    words = f"{study['days_before'] / 365.25:.1f} years before"
    age = study["age"]
    if age is not None:
        models = "the same models" if age["same_models"] else "other models, not comparable"
        words += f": gap {age['age_gap']['value']:+.1f} years by {models}"
    return f"earlier  {words}; {len(study['grades'])} grades read"


def _error(age: Json) -> str:
    """Say what the model's error makes of the gap; results of older versions know none."""
    interval = age.get("interval")
    if interval is None:
        return "the model's error at this age is not known"
    side = "within" if age["position"] == "within" else "beyond"
    half_width, coverage = interval["half_width"]["value"], interval["coverage"]["value"]
    return f"{side} the model's error (±{half_width:.1f} years for {coverage:.0f}%)"


def _disc(disc: Json) -> str:
    if disc["refusal"] is not None:
        return f"{disc['refusal']['subject']:<8} not given: {disc['refusal']['code']}"
    forecasts = "; ".join(_forecast(forecast) for forecast in disc["forecasts"])
    return f"{disc['level']:<8} {forecasts}"


def _forecast(forecast: Json) -> str:
    if forecast["refusal"] is not None:
        return f"{forecast['refusal']['subject']} not given: {forecast['refusal']['code']}"
    probability = max(forecast["probabilities"])
    grade = forecast["predicted_grade"]
    said = f"{forecast['scale']} {grade} in 5 years (P {probability:.2f})"
    baseline = forecast.get("baseline")
    if baseline is None:
        return said
    more = "+" if baseline.get("or_more") else ""
    now = f"{baseline['grade']}{more} now by {baseline['source']}"
    return f"{said}, {forecast['progression']} from {now}"
