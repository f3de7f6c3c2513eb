"""A disc's coded answers and texts in the report."""

from collections.abc import Sequence

from pydicom.sr.coding import Code

from spine.dicom import codes
from spine.findings import Baseline, Evidence, ScaleForecast
from spine.reporting import wording_discs

Texts = tuple[tuple[Code, str], ...]


def states(item: ScaleForecast) -> list[tuple[Code, Code]]:
    """Return grade now and who gave it, grade in five years, and what becomes of it."""
    scale = item.scale
    found = [(codes.FORECAST_CODES[scale], codes.GRADE_CODES[scale, item.predicted_grade])]
    if item.baseline is not None:
        kind = codes.BASELINE_KIND_CODES[item.baseline.kind]
        now = (codes.BASELINE_CODES[scale], _grade_now(item, item.baseline))
        found = [now, (codes.BASELINE_SOURCE_CODES[scale], kind), *found]
    outcome = codes.PROGRESSION_STATE_CODES[item.progression]
    return [*found, (codes.PROGRESSION_CODES[scale], outcome)]


def texts(forecasts: Sequence[ScaleForecast]) -> Texts:
    """Return what has no code: sources, all probabilities, limits and so on.

    Probabilities are no numbers here: a group has room for four (docs/adr/0041).
    """
    if not forecasts:
        return ()
    evidence = Evidence.lowest(*(item.evidence for item in forecasts))
    limits = " ".join(wording_discs.limits(forecasts))
    return (
        *(_named(codes.BASELINE_SOURCE, item, wording_discs.source(item.baseline))
          for item in forecasts if item.baseline is not None),
        *(_named(codes.UNDETERMINED_WHY, item, wording_discs.undetermined_reason(item))
          for item in forecasts if item.undetermined is not None),
        *(_named(codes.PROBABILITIES, item, wording_discs.probabilities(item))
          for item in forecasts),
        (codes.LIMITS, limits),
        (codes.EVIDENCE, str(evidence)),
    )  # fmt: skip


def _grade_now(item: ScaleForecast, baseline: Baseline) -> Code:
    key = item.scale, baseline.grade
    return codes.OPEN_GRADE_CODES[key] if baseline.is_open else codes.GRADE_CODES[key]


def _named(name: Code, item: ScaleForecast, words: str) -> tuple[Code, str]:
    return name, f"{wording_discs.SCALE_NAMES[item.scale]}: {words}"
