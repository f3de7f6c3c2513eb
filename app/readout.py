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
    for model in results["models"]:
        yield f"model    {model['name']} {model['version']} ({model['evidence']})"


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
    return f"age      {predicted:.1f} years, gap {gap:+.1f} years"


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
    return f"{forecast['scale']} {grade} in 5 years (P {probability:.2f})"
