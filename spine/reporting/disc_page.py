"""The page of the discs: what the networks saw of each, and all that they said about it."""

import math

import numpy as np
from numpy.typing import NDArray

from spine.anatomy.grades import Undetermined
from spine.errors import Refusal
from spine.findings import DiscAssessment, Findings, ModelReference, ScaleForecast, Segmentation
from spine.imaging.pictures import draw_region
from spine.reporting import wording, wording_discs
from spine.reporting.colors import LABEL_COLORS
from spine.reporting.context import RunContext
from spine.reporting.doubts import forecasts_of, scale_of
from spine.reporting.drawing import ACCENT, FAINT, PANEL, RULE, WARNING, Page, Style
from spine.reporting.page_frame import (
    BOTTOM,
    HEIGHT,
    MARGIN,
    WIDTH,
    draw_footer,
    draw_header,
)
from spine.reporting.summary_discs import draw_mark

Item = DiscAssessment | Refusal
Box = tuple[int, int, int, int]

_COLUMNS = 2
_GAP = 12
_PADDING = 10
_LEVEL = Style(22, bold=True)
_GRADES = Style(19, bold=True)
_SMALL = Style(15)
_SOURCE = Style(13, FAINT)
_CODE = Style(15, WARNING)
_NOTE = Style(16)
_DIGIT = Style(11, FAINT)
_BAR_WIDTH, _BAR_STEP, _BAR_HEIGHT = 14, 20, 26
_PICTURE_SHARE = 0.42


def draw_disc_page(
    findings: Findings, references: tuple[ModelReference, ...], run: RunContext
) -> NDArray[np.uint8] | None:
    """Draw a cell for each disc, and one of words; None where the networks saw no disc.

    Returns
    -------
    uint8, shape (1200, 1600, 3)
        Without name, identifier or date of the patient.
    """
    page = compose_disc_page(findings, references, run)
    return None if page is None else page.pixels


def compose_disc_page(
    findings: Findings, references: tuple[ModelReference, ...], run: RunContext
) -> Page | None:
    """Draw the page, which then also knows its words; None where there is nothing to draw."""
    segmentation = findings.segmentation
    regions = [disc.region for disc in findings.discs if isinstance(disc, DiscAssessment)]
    if not isinstance(segmentation, Segmentation) or all(region is None for region in regions):
        return None
    page = Page(WIDTH, HEIGHT)
    top = draw_header(page, wording_discs.PAGE_TITLE, run)
    cells = _cells(len(findings.discs) + 1, top)
    for disc, cell in zip(findings.discs, cells, strict=False):
        _draw_disc(page, segmentation, disc, cell)
    _draw_words(page, findings, cells[len(findings.discs)])
    draw_footer(page, findings, references, run)
    return page


def _cells(count: int, top: int) -> list[Box]:
    """Return (left, top, width, height) of cells, row by row."""
    rows = math.ceil(count / _COLUMNS)
    width = (WIDTH - 2 * MARGIN - (_COLUMNS - 1) * _GAP) // _COLUMNS
    height = (BOTTOM - top - (rows - 1) * _GAP) // rows
    return [
        (MARGIN + column * (width + _GAP), top + row * (height + _GAP), width, height)
        for row in range(rows)
        for column in range(_COLUMNS)
    ]


def _draw_disc(page: Page, segmentation: Segmentation, disc: Item, cell: Box) -> None:
    x, y, width, height = cell
    page.box((x, y, x + width, y + height), PANEL)
    level = disc.subject if isinstance(disc, Refusal) else str(disc.level)
    page.text((x + _PADDING, y + 6), level, _LEVEL)
    top = y + 6 + _LEVEL.line_height
    if isinstance(disc, Refusal):
        page.text((x + _PADDING, top), f"{wording.NOT_GIVEN}: {disc.code}", _CODE)
        return
    room = round(_PICTURE_SHARE * width), y + height - _PADDING - top
    if disc.region is not None:
        picture = draw_region(disc.region, segmentation.labels, room, LABEL_COLORS)
        page.paste(picture, (x + _PADDING, top))
    left = x + 2 * _PADDING + room[0]
    step = (height - 2 * _PADDING) // max(1, len(disc.forecasts))
    for number, item in enumerate(disc.forecasts):
        box = (left, y + _PADDING + number * step, x + width - _PADDING - left, step)
        _draw_scale(page, item, box)


def _draw_scale(page: Page, item: ScaleForecast | Refusal, box: Box) -> None:
    x, y, width, _ = box
    scale = scale_of(item)
    name = wording_discs.SCALE_NAMES[scale] if scale else ""
    if isinstance(item, Refusal):
        page.text((x, y), name, _GRADES)
        page.text((x, y + _GRADES.line_height), f"{wording.NOT_GIVEN}: {item.code}", _CODE)
        return
    page.text((x, y), f"{name} {wording_discs.grades(item)}", _GRADES)
    draw_mark(page, item.progression, (x + 220, y + 12))
    _draw_bars(page, item, (x + width - _BAR_STEP * len(item.probabilities), y))
    y += _GRADES.line_height
    page.text((x, y), wording_discs.state(item), _SMALL)
    words = "" if item.baseline is None else wording_discs.source(item.baseline)
    below = y + _SMALL.line_height
    below = round(page.paragraph((x, below), words, _SOURCE, width))
    if item.undetermined not in (None, Undetermined.NO_BASELINE):
        page.paragraph((x, below), wording_discs.undetermined_reason(item), _SOURCE, width)


def _draw_bars(page: Page, item: ScaleForecast, corner: tuple[int, int]) -> None:
    """Draw each grade's probability as a bar over its grade; the most probable one in color."""
    x, y = corner
    for number, (grade, share) in enumerate(
        zip(item.scale.grades, item.probabilities, strict=True)
    ):
        left = x + number * _BAR_STEP
        color = ACCENT if int(grade) == item.predicted_grade else RULE
        top = y + _BAR_HEIGHT * (1 - share)
        page.box((left, top, left + _BAR_WIDTH, y + _BAR_HEIGHT), color)
        center = left + _BAR_WIDTH / 2
        page.text((center, y + _BAR_HEIGHT + 2), str(int(grade)), _DIGIT, "ma")


def _draw_words(page: Page, findings: Findings, cell: Box) -> None:
    x, y, width, _ = cell
    below = float(y + _PADDING)
    limits = wording_discs.limits(forecasts_of(findings.discs))
    for words in (wording_discs.PAGE_NOTE, *limits):
        below = page.paragraph((x + _PADDING, below), words, _NOTE, width - 2 * _PADDING) + 8
