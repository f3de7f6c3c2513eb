"""Whether the card of the exported model says what its network's answers say."""

import numpy as np

from research.measurements import Data, Measurement
from spine.age.bias import correct_bias
from spine.errors import Refusal
from spine.inference.models import AgeIntervals, AgeModel, BiasLine

# The card keeps every digit; half widths are rounded to the thousandth.
_MOST_YEARS = 0.01
_SAID_YEARS = np.array([20.0, 55.0, 90.0])


def beside_card(
    model: AgeModel | Refusal, line: BiasLine, intervals: AgeIntervals | None
) -> list[Measurement]:
    """Compare line and intervals, fitted on the answers, with those of the card."""
    known = model if isinstance(model, AgeModel) else None
    card_line = None if known is None else known.bias
    apart = None if card_line is None else _apart(card_line, line)
    card_intervals = None if known is None else known.intervals
    values = (
        ("card against answers: bias-corrected ages differ by", apart, line.cases),
        (
            "card against answers: half widths differ by",
            _widths_apart(card_intervals, intervals),
            0 if intervals is None else sum(one.cases for one in intervals.brackets),
        ),
    )
    return [
        Measurement(name, value, "years", Data.SYNTHETIC, count, _MOST_YEARS, "lower")
        for name, value, count in values
    ]


def _apart(card: BiasLine, line: BiasLine) -> float:
    return float(np.abs(correct_bias(_SAID_YEARS, card) - correct_bias(_SAID_YEARS, line)).max())


def _widths_apart(card: AgeIntervals | None, found: AgeIntervals | None) -> float | None:
    """Return the largest difference; None where either has none, or other brackets."""
    if card is None or found is None:
        return None
    brackets = [
        [(one.first_years, one.last_years) for one in both.brackets] for both in (card, found)
    ]
    if brackets[0] != brackets[1]:
        return None
    return max(
        abs(one.half_width_years - other.half_width_years)
        for one, other in zip(card.brackets, found.brackets, strict=True)
    )
