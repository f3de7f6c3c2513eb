"""The spine age that an earlier report of ours states."""

import math
import re
from collections.abc import Mapping

from pydicom import Dataset
from pydicom.sr.codedict import codes as standard

from spine.dicom import codes
from spine.dicom.elements import items_of, text_of
from spine.dicom.report_items import (
    CodeKey,
    answers,
    code_of,
    containers,
    key_of,
    named_items,
    texts,
)
from spine.dicom.study import StatedAge

_FINDING = key_of(standard.DCM.Finding)
_NAME = key_of(standard.DCM.AlgorithmName)
_VERSION = key_of(standard.DCM.AlgorithmVersion)
_OTHERS = key_of(standard.DCM.AlgorithmParameters)
_YEARS = key_of(codes.YEARS)
# As the report prints the ages that the model's error explains; no number of it is free for them.
_EXPECTED = re.compile(r"(-?\d+\.\d) to (-?\d+\.\d) years\b")
# Numbers of a report are rounded to four decimals, each by itself.
_ROUNDING_YEARS = 0.001


def age_in_report(report: Dataset) -> StatedAge | None:
    """Return the spine age that the report states.

    None where it was refused, and where numbers are missing, of another unit or contradict
    each other, or no model is named: such a value can be compared with nothing.
    """
    for group in containers(report):
        if answers(group).get(_FINDING) == key_of(codes.SPINE_AGE):
            return _age(_years(group), texts(group))
    return None


def _age(
    years: Mapping[CodeKey, float], words: Mapping[CodeKey, tuple[str, ...]]
) -> StatedAge | None:
    names = codes.SPINE_AGE, codes.SUBJECT_AGE, codes.SPINE_AGE_GAP
    found = [years[key_of(name)] for name in names if key_of(name) in years]
    models, evidence = _models(words), words.get(key_of(codes.EVIDENCE), ())
    if len(found) < len(names) or not models or len(evidence) != 1:
        return None
    predicted, chronological, gap = found
    if abs(predicted - chronological - gap) > _ROUNDING_YEARS:
        return None
    return StatedAge(predicted, chronological, gap, models, evidence[0], _half_width(words))


def _years(group: Dataset) -> dict[CodeKey, float]:
    """Return the numbers of a group that are years, by concept name."""
    found = {}
    for name, item in named_items(group, "NUM"):
        for value in items_of(item, "MeasuredValueSequence"):
            number = _number(text_of(value, "NumericValue"))
            is_years = code_of(value, "MeasurementUnitsCodeSequence") == _YEARS
            if is_years and math.isfinite(number):
                found[name] = number
    return found


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _models(words: Mapping[CodeKey, tuple[str, ...]]) -> tuple[str, ...]:
    """Return every model with its version, as the algorithm identification (TID 4019) has them."""
    names, versions = words.get(_NAME, ()), words.get(_VERSION, ())
    if len(names) != 1 or len(versions) != 1:
        return ()
    return f"{names[0]} {versions[0]}", *words.get(_OTHERS, ())


def _half_width(words: Mapping[CodeKey, tuple[str, ...]]) -> float | None:
    for text in words.get(key_of(codes.SPINE_AGE_EXPECTED), ()):
        if match := _EXPECTED.match(text):
            half_width = (float(match[2]) - float(match[1])) / 2
            return half_width if half_width > 0 else None
    return None
