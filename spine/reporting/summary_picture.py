"""The summary page: what a radiologist takes in within ten seconds."""

import numpy as np
from numpy.typing import NDArray

from spine.errors import Refusal
from spine.findings import Findings, ModelReference, Segmentation
from spine.reporting import wording
from spine.reporting.context import RunContext
from spine.reporting.course import course
from spine.reporting.drawing import FAINT, PANEL, WARNING, Page, Style
from spine.reporting.page_frame import (
    BOTTOM,
    HEIGHT,
    MARGIN,
    WIDTH,
    draw_footer,
    draw_header,
    paste,
)
from spine.reporting.spine_picture import draw_spine
from spine.reporting.summary_age import HEIGHT as AGE_HEIGHT
from spine.reporting.summary_age import NARROW_HEIGHT as NARROW_AGE_HEIGHT
from spine.reporting.summary_age import draw_age
from spine.reporting.summary_course import WIDTH as COURSE_WIDTH
from spine.reporting.summary_course import draw_course
from spine.reporting.summary_discs import draw_discs
from spine.reporting.summary_notes import draw_notes

_LEFT_WIDTH = 560
_GAP = 14
_FAINT = Style(16, FAINT)
_DOUBT = Style(15, WARNING)


def draw_summary(
    findings: Findings, references: tuple[ModelReference, ...], run: RunContext
) -> NDArray[np.uint8]:
    """Draw the page.

    Returns
    -------
    uint8, shape (1200, 1600, 3)
        Without name, identifier or date of the patient.
    """
    return compose_summary(findings, references, run).pixels


def compose_summary(
    findings: Findings, references: tuple[ModelReference, ...], run: RunContext
) -> Page:
    """Draw the page, which then also knows its words."""
    page = Page(WIDTH, HEIGHT)
    top = draw_header(page, wording.PAGE_TITLE, run)
    _draw_picture(page, findings, (MARGIN, top), (_LEFT_WIDTH, BOTTOM - top))
    left = MARGIN + _LEFT_WIDTH + MARGIN
    width = WIDTH - left - MARGIN
    discs_top = _draw_age(page, findings, (left, top), width) + _GAP
    notes_top = draw_discs(page, findings, (left, discs_top), (width, 530)) + _GAP
    draw_notes(page, findings, (left, notes_top), (width, BOTTOM - notes_top))
    draw_footer(page, findings, references, run)
    return page


def _draw_age(page: Page, findings: Findings, corner: tuple[int, int], width: int) -> int:
    """Draw the spine age, and its course where there is one; return the y below them."""
    x, y = corner
    over_time = course(findings)
    if isinstance(findings.age, Refusal) or not over_time.aged:
        draw_age(page, findings.age, corner, (width, AGE_HEIGHT))
        return y + AGE_HEIGHT
    beside = x + width - COURSE_WIDTH
    draw_age(page, findings.age, corner, (width - COURSE_WIDTH - _GAP, NARROW_AGE_HEIGHT))
    draw_course(page, over_time, findings.age, (beside, y), NARROW_AGE_HEIGHT)
    return y + NARROW_AGE_HEIGHT


def _draw_picture(
    page: Page, findings: Findings, corner: tuple[int, int], room: tuple[int, int]
) -> None:
    x, y = corner
    pictures = draw_spine(findings, (room[0], room[1] - 28))
    if not pictures:
        page.box((x, y, x + room[0], y + room[1] - 28), PANEL)
        center = (x + room[0] / 2, y + room[1] / 2)
        page.text(center, wording.NO_PICTURE, Style(20), "mm")
        return
    spare = room[0] - sum(picture.pixels.shape[1] for picture in pictures)
    left = x + spare // (len(pictures) + 1)
    for picture in pictures:
        height, width, _ = picture.pixels.shape
        paste(page, picture, (left, y + (room[1] - 28 - height) // 2))
        left += width + spare // (len(pictures) + 1)
    caption = wording.picture_caption(findings.segmentation)
    page.text((x, y + room[1] - 22), caption, _caption_style(findings))


def _caption_style(findings: Findings) -> Style:
    """Return the style of the caption: a doubt about the names of levels is not said faintly."""
    segmentation = findings.segmentation
    unsure = isinstance(segmentation, Segmentation) and not segmentation.quality.levels_certain
    return _DOUBT if unsure else _FAINT
