"""The gap over time on the summary page: earlier studies by their distance, never by date."""

from dataclasses import dataclass
from itertools import pairwise

from spine.findings import AgeEstimate
from spine.reporting import wording_course
from spine.reporting.course import Course, EarlierStudy
from spine.reporting.drawing import ACCENT, BAND, FAINT, PANEL, RULE, TEXT, Page, Style

WIDTH = 350
_HEADING = Style(22, FAINT)
_TICK = Style(15, FAINT)
_VALUE = Style(16, TEXT, bold=True)
_NOW = Style(16, ACCENT, bold=True)
_NOTE = Style(14, FAINT)
_PADDING = 20
# Years up and down that are shown at least, so that a small change looks small.
_LEAST_REACH_YEARS = 12.0
_BAR_HALF_WIDTH = 7
CHANGE = (50, 62, 60)
# Labels closer than this would lie on each other.
_LEAST_LABEL_DISTANCE = 46.0


@dataclass(frozen=True, slots=True)
class _Point:
    """A gap; `years` is negative before this study."""

    years: float
    gap: float
    half_width: float | None
    is_comparable: bool


@dataclass(frozen=True, slots=True)
class _Scale:
    """Where years lie on the page."""

    left: float
    right: float
    middle: float
    first_years: float
    pixels_per_gap_year: float

    def at(self, years: float, gap: float) -> tuple[float, float]:
        share = 1.0 - years / self.first_years
        x = self.left + (self.right - self.left) * share
        return x, self.middle - gap * self.pixels_per_gap_year


def draw_course(
    page: Page, course: Course, age: AgeEstimate, corner: tuple[int, int], height: int
) -> None:
    """Draw the panel; the course must hold at least one earlier age."""
    x, y = corner
    page.box((x, y, x + WIDTH, y + height), PANEL)
    page.text((x + _PADDING, y + 14), wording_course.HEADING, _HEADING)
    notes = " ".join(_notes(course, age))
    notes_top = y + height - 4 * _NOTE.line_height - 8
    page.paragraph((x + _PADDING, notes_top), notes, _NOTE, WIDTH - 2 * _PADDING)
    points = [*map(_earlier_point, course.aged), _today(age)]
    top, bottom = y + 48, notes_top - 2 * _TICK.line_height
    scale = _scale(points, (x + 48, top, x + WIDTH - 48, bottom), age)
    _draw_change(page, course, age, scale)
    _draw_points(page, points, scale)
    _draw_labels(page, points, scale, bottom + 6)


def _earlier_point(study: EarlierStudy) -> _Point:
    if study.age is None:
        raise ValueError("no age to draw")
    return _Point(
        -study.years_before, study.age.age_gap_years, study.age.half_width_years,
        study.is_same_model,
    )  # fmt: skip


def _today(age: AgeEstimate) -> _Point:
    half_width = None if age.interval is None else age.interval.half_width_years
    return _Point(0.0, age.age_gap_years, half_width, is_comparable=True)


def _scale(
    points: list[_Point], box: tuple[float, float, float, float], age: AgeEstimate
) -> _Scale:
    left, top, right, bottom = box
    spread = age.detectable_change_years or 0.0
    reach = max(
        _LEAST_REACH_YEARS,
        *(abs(point.gap) + spread + 1 for point in points),
        *(point.half_width + 1 for point in points if point.half_width is not None),
    )
    return _Scale(left, right, (top + bottom) / 2, points[0].years, (bottom - top) / 2 / reach)


def _draw_change(page: Page, course: Course, age: AgeEstimate, scale: _Scale) -> None:
    """Shade what a change since the last comparable gap does not leave by error alone."""
    limit = age.detectable_change_years
    if limit is None or not course.comparable:
        return
    last = _earlier_point(course.comparable[-1])
    left, top = scale.at(last.years, last.gap + limit)
    right, bottom = scale.at(0.0, last.gap - limit)
    page.box((left, top, right, bottom), CHANGE)


def _draw_points(page: Page, points: list[_Point], scale: _Scale) -> None:
    for point in points:
        if point.half_width is not None:
            x, top = scale.at(point.years, point.half_width)
            _, bottom = scale.at(point.years, -point.half_width)
            page.box((x - _BAR_HALF_WIDTH, top, x + _BAR_HALF_WIDTH, bottom), BAND)
    page.line((scale.left - 12, scale.middle, scale.right + 12, scale.middle), RULE, 2)
    joined = [scale.at(point.years, point.gap) for point in points if point.is_comparable]
    for start, end in pairwise(joined):
        page.line((*start, *end), TEXT, 2)
    for point in points[:-1]:
        center = scale.at(point.years, point.gap)
        page.circle(center, 6, TEXT)
        if not point.is_comparable:
            page.circle(center, 4, PANEL)
    page.diamond(scale.at(0.0, points[-1].gap), 9, ACCENT)


def _draw_labels(page: Page, points: list[_Point], scale: _Scale, below: float) -> None:
    """Write gaps and distances from now backwards, as far as there is room for them."""
    free = float("inf")
    for point in reversed(points):
        x, y = scale.at(point.years, point.gap)
        if x > free:
            continue
        free = x - _LEAST_LABEL_DISTANCE
        is_now = point is points[-1]
        words = wording_course.NOW if is_now else f"{point.years:.1f} y"
        page.text((x, below), words, _NOW if is_now else _TICK, "ma")
        page.text((x, y - 10), f"{point.gap:+.1f}", _NOW if is_now else _VALUE, "mb")


def _notes(course: Course, age: AgeEstimate) -> list[str]:
    """Say what is drawn, and nothing of what is not."""
    notes = []
    then = [study.age.half_width_years for study in course.aged if study.age is not None]
    if age.interval is not None or any(then):
        notes.append(wording_course.BARS)
    if len(course.comparable) < len(course.aged):
        notes.append(wording_course.HOLLOW)
    if age.detectable_change_years is not None and course.comparable:
        notes.append(wording_course.detectable_change(age.detectable_change_years))
    return notes
