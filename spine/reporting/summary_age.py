"""The spine age on the summary page: the number, and the gap on a line of years."""

from spine.errors import Refusal
from spine.findings import AgeEstimate
from spine.reporting import wording, wording_age
from spine.reporting.drawing import ACCENT, BAND, FAINT, PANEL, RULE, TEXT, WARNING, Page, Style

HEIGHT = 274
# Beside the course over time: its words need more lines.
NARROW_HEIGHT = 324
_HEADING = Style(22, FAINT)
_NUMBER = Style(52, bold=True)
_NARROW_NUMBER = Style(44, bold=True)
_GAP = Style(30, bold=True)
_SMALL = Style(17, FAINT)
_PADDING = 20
_LEAST_HALF_SPAN_YEARS = 12.0


def draw_age(
    page: Page, age: AgeEstimate | Refusal, corner: tuple[int, int], room: tuple[int, int]
) -> None:
    """Draw the panel into a room (width, height) with its top left corner at `corner`."""
    x, y = corner
    width, height = room
    page.box((x, y, x + width, y + height), PANEL)
    page.text((x + _PADDING, y + 14), wording.AGE_HEADING, _HEADING)
    if isinstance(age, Refusal):
        _draw_refusal(page, age, corner, width)
        return
    words = f"{age.predicted_age_years:.1f} years"
    page.text((x + _PADDING, y + 46), words, _NUMBER if height == HEIGHT else _NARROW_NUMBER)
    right = x + width - _PADDING
    page.text((right, y + 50), f"gap {age.age_gap_years:+.1f} years", _GAP, "ra")
    # Below the number where there is no room beside it.
    lower = 0 if height == HEIGHT else 22
    page.text((right, y + 92 + lower), wording_age.age_difference(age), _SMALL, "ra")
    _draw_line_of_years(page, age, (x + 60, y + 166 + lower), width - 120)


def _draw_refusal(page: Page, refusal: Refusal, corner: tuple[int, int], width: int) -> None:
    x, y = corner
    page.text((x + _PADDING, y + 46), wording.NOT_GIVEN, Style(44, bold=True))
    page.text((x + _PADDING, y + 108), str(refusal.code), Style(22, WARNING, bold=True))
    page.paragraph((x + _PADDING, y + 142), refusal.reason, Style(19), width - 2 * _PADDING)


def _draw_line_of_years(
    page: Page, age: AgeEstimate, start: tuple[float, float], length: float
) -> None:
    x, y = start
    band = _half_band(age)
    half_span = max(_LEAST_HALF_SPAN_YEARS, 1.4 * abs(age.age_gap_years), 1.4 * (band or 0))

    def at(years: float) -> float:
        return x + length * (0.5 + (years - age.chronological_age_years) / (2 * half_span))

    center = at(age.chronological_age_years)
    if band is not None:
        edges = at(age.chronological_age_years - band), at(age.chronological_age_years + band)
        page.box((edges[0], y - 14, edges[1], y + 14), BAND)
    page.line((x, y, x + length, y), RULE, 3)
    page.circle((center, y), 10, TEXT)
    predicted = at(age.predicted_age_years)
    page.diamond((predicted, y), 14, ACCENT)
    page.text((center, y + 18), f"actual age {age.chronological_age_years:.1f}", _SMALL, "ma")
    page.text((predicted, y - 20), "spine age", Style(17, ACCENT, bold=True), "mb")
    page.paragraph((x - 40, y + 50), _note(age), _SMALL, length + 80)


def _half_band(age: AgeEstimate) -> float | None:
    """Return what the band shows: the interval, else the mean error, else nothing."""
    if age.interval is None:
        return age.mean_absolute_error_years
    return age.interval.half_width_years


def _note(age: AgeEstimate) -> str:
    """Say what the band is."""
    if age.interval is not None:
        sentences = wording_age.interval_sentence, wording_age.percentile_sentence
        return "Band: " + " ".join(sentence(age.interval) for sentence in sentences)
    error = age.mean_absolute_error_years
    return wording_age.NO_BAND if error is None else wording_age.band_sentence(error)
