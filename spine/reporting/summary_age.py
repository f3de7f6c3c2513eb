"""The spine age on the summary page: the number, and the gap on a line of years."""

from spine.errors import Refusal
from spine.findings import AgeEstimate
from spine.reporting import wording
from spine.reporting.drawing import ACCENT, FAINT, PANEL, RULE, TEXT, WARNING, Color, Page, Style

HEIGHT = 252
_HEADING = Style(22, FAINT)
_NUMBER = Style(52, bold=True)
_GAP = Style(30, bold=True)
_SMALL = Style(17, FAINT)
_PADDING = 20
_BAND: Color = (64, 92, 122)
_LEAST_HALF_SPAN_YEARS = 12.0


def draw_age(page: Page, age: AgeEstimate | Refusal, corner: tuple[int, int], width: int) -> None:
    """Draw the panel with its top left corner at `corner`."""
    x, y = corner
    page.box((x, y, x + width, y + HEIGHT), PANEL)
    page.text((x + _PADDING, y + 14), wording.AGE_HEADING, _HEADING)
    if isinstance(age, Refusal):
        _draw_refusal(page, age, corner, width)
        return
    words = f"{age.predicted_age_years:.1f} years"
    page.text((x + _PADDING, y + 46), words, _NUMBER)
    right = x + width - _PADDING
    page.text((right, y + 50), f"gap {age.age_gap_years:+.1f} years", _GAP, "ra")
    page.text((right, y + 92), wording.age_difference(age), _SMALL, "ra")
    _draw_line_of_years(page, age, (x + 60, y + 166), width - 120)


def _draw_refusal(page: Page, refusal: Refusal, corner: tuple[int, int], width: int) -> None:
    x, y = corner
    page.text((x + _PADDING, y + 46), wording.NOT_GIVEN, Style(44, bold=True))
    page.text((x + _PADDING, y + 108), str(refusal.code), Style(22, WARNING, bold=True))
    page.paragraph((x + _PADDING, y + 142), refusal.reason, Style(19), width - 2 * _PADDING)


def _draw_line_of_years(
    page: Page, age: AgeEstimate, start: tuple[float, float], length: float
) -> None:
    x, y = start
    error = age.mean_absolute_error_years
    half_span = max(_LEAST_HALF_SPAN_YEARS, 1.4 * abs(age.age_gap_years), 1.4 * (error or 0))

    def at(years: float) -> float:
        return x + length * (0.5 + (years - age.chronological_age_years) / (2 * half_span))

    center = at(age.chronological_age_years)
    if error is not None:
        edges = at(age.chronological_age_years - error), at(age.chronological_age_years + error)
        page.box((edges[0], y - 14, edges[1], y + 14), _BAND)
    page.line((x, y, x + length, y), RULE, 3)
    page.circle((center, y), 10, TEXT)
    predicted = at(age.predicted_age_years)
    _draw_diamond(page, (predicted, y), 14)
    page.text((center, y + 18), f"actual age {age.chronological_age_years:.1f}", _SMALL, "ma")
    page.text((predicted, y - 20), "spine age", Style(17, ACCENT, bold=True), "mb")
    note = wording.NO_BAND if error is None else wording.band_sentence(error)
    page.text((x - 40, y + 52), note, _SMALL)


def _draw_diamond(page: Page, center: tuple[float, float], radius: float) -> None:
    x, y = center
    corners = [(x, y - radius), (x + radius, y), (x, y + radius), (x - radius, y)]
    page.polygon(corners, ACCENT)
