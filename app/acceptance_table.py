"""The release's table: every number, level, grade and code of results.json by name."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

Value = float | int | str | bool | None

# What names an item of a list better than its place.
_NAMES = ("name", "level", "scale", "kind")
# What each run makes anew, prose, where objects lie, what is not of this study, and what never
# varies.
_LEFT_OUT = frozenset(
    {
        "run",
        "notices",
        "course",
        "limits",
        "population",
        "reason",
        "reasons",
        "sha256",
        "file",
        "study_instance_uid",
        "series_instance_uid",
        "sop_instance_uid",
        "instances",
        "replaces",
        "priors",
        "unit",
        "horizon",
        "grades",
    }
)
# A voxel at an edge may fall to the other side on another processor: half a pixel, a hundredth
# of probability, a tenth of a year; what that half pixel turns or shares of 35 mm.
_TOLERANCES = {"mm": 0.5, "years": 0.1, "1": 0.01, "degrees": 3.0, "%": 1.5}
# Ratios of lengths, of which half a millimeter is much: a neck disc is 10 mm deep.
_RATIOS = ("height_index", "wedge_ratio")
_RATIO_TOLERANCE = 0.05
_CENTER = "center"
_PROBABILITIES = "probabilities"
_ROUNDING = 1e-6


@dataclass(frozen=True, slots=True)
class Row:
    """One value of the table.

    Attributes
    ----------
    tolerance : absolute, in the value's unit; 0 where it must be equal
    """

    value: Value
    tolerance: float = 0.0

    def accepts(self, found: Value) -> bool:
        """Tell whether a value found agrees with this one."""
        if self.tolerance and _is_number(self.value) and _is_number(found):
            return abs(float(found or 0.0) - float(self.value or 0.0)) <= self.tolerance
        return type(found) is type(self.value) and found == self.value

    def to_json(self) -> dict[str, Value]:
        return {"value": self.value, "tolerance": self.tolerance}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        return cls(content["value"], float(content["tolerance"]))


Rows = dict[str, Row]


@dataclass(frozen=True, slots=True)
class Difference:
    """A value that is not as released; one of both is None where it is absent."""

    name: str
    expected: Row | None
    found: Row | None


def rows_from_results(results: Mapping[str, Any]) -> Rows:
    """Name every value of a results.json that another run must repeat."""
    rows: Rows = {}
    for name, row in _rows("", results, _ROUNDING):
        number = 2
        unique = name
        while unique in rows:
            unique, number = f"{name} ({number})", number + 1
        rows[unique] = row
    return rows


def differences(expected: Rows, found: Rows) -> list[Difference]:
    """Return what differs, is missing, or was not expected, by name."""
    different = []
    for name in sorted({*expected, *found}):
        was, now = expected.get(name), found.get(name)
        if was is None or now is None or not was.accepts(now.value):
            different.append(Difference(name, was, now))
    return different


def difference_lines(different: Sequence[Difference]) -> Iterator[str]:
    """Yield a table of what differs; nothing where nothing does."""
    if not different:
        return
    rows = [("VALUE", "RELEASED", "HERE", "TOLERANCE"), *map(_line, different)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()


def _line(item: Difference) -> tuple[str, str, str, str]:
    tolerance = "" if item.expected is None else f"{item.expected.tolerance:g}"
    return item.name, _shown(item.expected), _shown(item.found), tolerance


def _shown(row: Row | None) -> str:
    if row is None:
        return "absent"
    return f"{row.value:.4g}" if isinstance(row.value, float) else str(row.value)


def _rows(name: str, content: Any, tolerance: float) -> Iterator[tuple[str, Row]]:
    if isinstance(content, dict):
        is_ratio = name.endswith(_RATIOS)
        tolerance = _TOLERANCES.get(content.get("unit", ""), tolerance)
        tolerance = _RATIO_TOLERANCE if is_ratio else tolerance
        for key, value in content.items():
            if key not in _LEFT_OUT:
                yield from _rows(_joined(name, key), value, _tolerance(key, tolerance))
    elif isinstance(content, list):
        for number, item in enumerate(content):
            yield from _rows(_joined(name, _item_name(item, number)), item, tolerance)
    else:
        yield name, Row(content, tolerance if isinstance(content, float) else 0.0)


def _tolerance(key: str, tolerance: float) -> float:
    if key == _CENTER:
        return _TOLERANCES["mm"]
    return _TOLERANCES["1"] if key == _PROBABILITIES else tolerance


def _joined(name: str, key: str) -> str:
    return f"{name} {key}" if name else key


def _item_name(item: Any, number: int) -> str:
    if isinstance(item, dict):
        for key in _NAMES:
            if isinstance(item.get(key), str):
                return f"{item[key]}"
        refusal = item.get("refusal")
        if isinstance(refusal, dict):
            return str(refusal["subject"])
    return str(number)


def _is_number(value: Value) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
