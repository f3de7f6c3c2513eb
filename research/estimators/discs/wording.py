"""Figures as a reader sees them; the CSV files beside the page keep every digit."""

import math
from typing import NamedTuple

DASH = "–"
MINUS = "\N{MINUS SIGN}"


class Style(NamedTuple):
    """How a measure is shown: shares in percent, other figures as they are."""

    factor: float
    decimals: int


PERCENT = Style(100.0, 1)
PLAIN = Style(1.0, 3)
_PLAIN = frozenset(
    {"AUC", "Brier", "kappa", "kappa, quadratic", "calibration slope", "calibration intercept"}
)


def style_of(measure: str) -> Style:
    """Return how a measure is shown."""
    return PLAIN if measure in _PLAIN else PERCENT


def number(value: float, style: Style) -> str:
    """Write one figure; a dash for what cannot be had."""
    if not math.isfinite(value):
        return DASH
    rounded = round(value * style.factor, style.decimals) + 0.0
    return f"{rounded:.{style.decimals}f}".replace("-", MINUS)


def with_interval(value: float, low: float, high: float, style: Style) -> str:
    """Write a figure with its interval: ``90.2 (89.1 to 91.3)``."""
    if not (math.isfinite(low) and math.isfinite(high)):
        return number(value, style)
    return f"{number(value, style)} ({number(low, style)} to {number(high, style)})"


def with_spread(mean: float, deviation: float, style: Style) -> str:
    """Write a mean over folds and its standard deviation: ``90.2 ± 0.9``."""
    if not math.isfinite(deviation):
        return number(mean, style)
    return f"{number(mean, style)} ± {number(deviation, style)}"
