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
    cautions = [*results["study"]["cautions"], *results["segmentation"].get("cautions", ())]
    for caution in cautions:
        yield f"caution  {caution['code']}: {caution['reason']}"
    yield "models   " + ", ".join(_model(model) for model in results["models"])


def _segmentation(segmentation: Json) -> str:
    if segmentation["refusal"] is not None:
        return f"spine    {_refusal(segmentation['refusal'])}"
    levels = [vertebra["level"] for vertebra in segmentation["vertebrae"]]
    ends = f", {levels[0]} to {levels[-1]}" if levels else ""
    return f"spine    {segmentation['vertebra_count']} vertebrae{ends}"


def _age(age: Json) -> str:
    if age["refusal"] is not None:
        return f"age      {_refusal(age['refusal'])}"
    predicted, gap = age["predicted_age"]["value"], age["age_gap"]["value"]
    return f"age      {predicted:.1f} years, gap {gap:+.1f} years"


def _disc(disc: Json) -> str:
    if disc["refusal"] is not None:
        return f"disc     {_refusal(disc['refusal'])}"
    forecasts = "; ".join(_forecast(forecast) for forecast in disc["forecasts"])
    return f"{disc['level']:<8} {forecasts}"


def _forecast(forecast: Json) -> str:
    if forecast["refusal"] is not None:
        return _refusal(forecast["refusal"])
    probability = max(forecast["probabilities"])
    grade = forecast["predicted_grade"]
    return f"{forecast['scale']} {grade} in 5 years (P {probability:.2f})"


def _refusal(refusal: Json) -> str:
    return f"{refusal['subject']} not given: {refusal['code']}"


def _model(model: Json) -> str:
    return f"{model['name']} {model['version']} ({model['evidence']})"
