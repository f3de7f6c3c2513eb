"""The disc table on the summary page: one row a disc, one column a scale."""

from spine.anatomy.grades import Progression, Scale
from spine.errors import Refusal
from spine.findings import DiscAssessment, Findings, ScaleForecast
from spine.imaging.pictures import draw_region
from spine.reporting import wording, wording_course, wording_discs
from spine.reporting.course import Course, EarlierStudy, course
from spine.reporting.doubts import disc_refusals, forecasts_of, scale_of
from spine.reporting.drawing import ACCENT, FAINT, PANEL, RULE, TEXT, WARNING, Page, Style

Item = DiscAssessment | Refusal

_COLUMNS = (Scale.PFIRRMANN, Scale.BULGING, Scale.SCHNEIDERMAN)
_LEVEL_WIDTH = 220
_LEVEL_NAME_WIDTH = 112
_HEADING = Style(22, FAINT)
_COLUMN_HEAD = Style(19, FAINT, bold=True)
_LEVEL = Style(28, bold=True)
_GRADES = Style(28, bold=True)
_SMALL = Style(18, TEXT)
_SOURCE = Style(14, FAINT)
_LIMITS = Style(14, FAINT)
_LIMITS_WIDTH = 470
_CODE = Style(15, WARNING)
_PADDING = 20
_ROW_HEIGHT = 80
_LEAST_ROW_HEIGHT = 60


def draw_discs(
    page: Page, findings: Findings, corner: tuple[int, int], room: tuple[int, int]
) -> int:
    """Draw the table into a room (width, height); return the y below it."""
    x, y = corner
    discs = findings.discs
    common = _common_refusal(discs)
    rows = 1 if common or not discs else len(discs)
    row_height = min(_ROW_HEIGHT, max(_LEAST_ROW_HEIGHT, (room[1] - 86) // rows))
    bottom = y + 86 + rows * row_height
    page.box((x, y, x + room[0], bottom), PANEL)
    page.text((x + _PADDING, y + 14), wording_discs.HEADING, _HEADING)
    if common or not discs:
        _draw_nothing(page, discs, (x + _PADDING, y + 56), common)
        return bottom
    if forecasts_of(discs):
        left = x + room[0] - _PADDING - _LIMITS_WIDTH
        page.paragraph((left, y + 12), wording_discs.SHORT_LIMITS, _LIMITS, _LIMITS_WIDTH)
    _draw_head(page, x, y + 54, room[0])
    over_time = course(findings)
    for index, disc in enumerate(discs):
        box = (x, y + 86 + index * row_height, room[0], row_height)
        _draw_row(page, disc, box, over_time)
        _draw_region(page, findings, disc, box)
    return bottom


def _draw_region(
    page: Page, findings: Findings, disc: Item, box: tuple[int, int, int, int]
) -> None:
    """Draw what the networks saw beside the level's name; nothing where they saw nothing."""
    segmentation = findings.segmentation
    if isinstance(disc, Refusal) or disc.region is None or isinstance(segmentation, Refusal):
        return
    x, y, _, height = box
    room = _LEVEL_WIDTH - _LEVEL_NAME_WIDTH - 8, height - 6
    # Too small for outlines, which would hide the disc; `disc_page` has them.
    picture = draw_region(disc.region, segmentation.labels, room, {})
    page.paste(picture, (x + _LEVEL_NAME_WIDTH, y + (height - picture.shape[0]) // 2))


def _common_refusal(discs: tuple[Item, ...]) -> Refusal | None:
    """Return a refusal that says it all: nothing was forecast, for one and the same reason."""
    refusals = disc_refusals(discs)
    forecasts = sum(len(disc.forecasts) for disc in discs if isinstance(disc, DiscAssessment))
    whole = sum(isinstance(disc, Refusal) for disc in discs)
    if not refusals or len(refusals) < forecasts + whole or len({r.code for r in refusals}) > 1:
        return None
    return refusals[0]


def _draw_nothing(
    page: Page, discs: tuple[Item, ...], at: tuple[int, int], common: Refusal | None
) -> None:
    if common is None:
        page.text(at, wording_discs.NO_DISCS, Style(20))
        return
    names = [disc.subject if isinstance(disc, Refusal) else str(disc.level) for disc in discs]
    page.text(at, f"{', '.join(names)}: {wording.NOT_GIVEN}", Style(24, bold=True))
    page.text((at[0], at[1] + 38), str(common.code), Style(22, WARNING, bold=True))


def _column(x: int, width: int, index: int) -> float:
    return x + _LEVEL_WIDTH + index * (width - _LEVEL_WIDTH) / len(_COLUMNS)


def _draw_head(page: Page, x: int, y: int, width: int) -> None:
    for index, scale in enumerate(_COLUMNS):
        page.text((_column(x, width, index), y), wording_discs.SCALE_NAMES[scale], _COLUMN_HEAD)


def _draw_row(page: Page, disc: Item, box: tuple[int, int, int, int], over_time: Course) -> None:
    x, y, width, height = box
    page.line((x + _PADDING, y, x + width - _PADDING, y), RULE, 1)
    # Two lines of text of a cell, centered in the row.
    top = y + (height - _GRADES.line_height - _SMALL.line_height) // 2
    level = disc.subject if isinstance(disc, Refusal) else str(disc.level)
    page.text((x + _PADDING, y + height / 2), level, _LEVEL, "lm")
    if isinstance(disc, Refusal):
        _draw_cell(page, disc, (x + _LEVEL_WIDTH, top), None)
        return
    for item in disc.forecasts:
        scale = scale_of(item)
        if scale is not None:
            at = (_column(x, width, _COLUMNS.index(scale)), top)
            _draw_cell(page, item, at, over_time.last_read(disc.level, scale))


def _draw_cell(
    page: Page,
    item: ScaleForecast | Refusal,
    at: tuple[float, float],
    before: tuple[int, EarlierStudy] | None,
) -> None:
    """Draw grade now, in five years and what becomes of it; `before` is what was read earlier."""
    x, y = at
    if isinstance(item, Refusal):
        page.text((x, y + 6), wording.NOT_GIVEN, Style(22, FAINT))
        page.text((x, y + 36), str(item.code), _CODE)
        return
    page.text((x, y), wording_discs.grades(item), _GRADES)
    draw_mark(page, item.progression, (x + 106, y + 17))
    source_at = y + 10
    if before is not None:
        page.text((x + 124, y + 18), wording_course.was(*before), _SOURCE)
        source_at = y + 2
    page.text((x + 124, source_at), wording_discs.short_source(item.baseline), _SOURCE)
    page.text((x, y + _GRADES.line_height), wording_discs.state(item), _SMALL)


def draw_mark(page: Page, progression: Progression, center: tuple[float, float]) -> None:
    """Draw a shape for the state: it is told by form and word, color only repeats it."""
    x, y = center
    if progression is Progression.PROGRESSED:
        page.polygon([(x - 10, y + 8), (x + 10, y + 8), (x, y - 10)], WARNING)
    elif progression is Progression.IMPROVED:
        page.polygon([(x - 10, y - 8), (x + 10, y - 8), (x, y + 10)], ACCENT)
    elif progression is Progression.UNCHANGED:
        page.box((x - 10, y - 3, x + 10, y + 2), TEXT)
