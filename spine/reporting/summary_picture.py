"""The summary page: what a radiologist takes in within ten seconds."""

import numpy as np
from numpy.typing import NDArray

from spine.findings import Findings, ModelReference
from spine.reporting import wording
from spine.reporting.context import RunContext
from spine.reporting.doubts import evidence
from spine.reporting.drawing import FAINT, INK, PANEL, WARNING, Page, Style
from spine.reporting.spine_picture import SpinePicture, draw_spine
from spine.reporting.summary_age import HEIGHT as AGE_HEIGHT
from spine.reporting.summary_age import draw_age
from spine.reporting.summary_discs import draw_discs
from spine.reporting.summary_notes import draw_notes

WIDTH, HEIGHT = 1600, 1200
_MARGIN = 20
_LEFT_WIDTH = 560
_FOOTER_HEIGHT = 116
_GAP = 14
_TITLE = Style(28, bold=True)
_NOTICE = Style(30, INK, bold=True)
_LEVEL = Style(18, bold=True, halo=True)
_SIDE = Style(24, bold=True, halo=True)
_FAINT = Style(16, FAINT)


def draw_summary(
    findings: Findings, references: tuple[ModelReference, ...], run: RunContext
) -> NDArray[np.uint8]:
    """Draw the page.

    Returns
    -------
    uint8, shape (1200, 1600, 3)
        Without name, identifier or date of the patient.
    """
    page = Page(WIDTH, HEIGHT)
    top = _draw_header(page, run)
    bottom = HEIGHT - _FOOTER_HEIGHT
    _draw_picture(page, findings, (_MARGIN, top), (_LEFT_WIDTH, bottom - top))
    left = _MARGIN + _LEFT_WIDTH + _MARGIN
    width = WIDTH - left - _MARGIN
    draw_age(page, findings.age, (left, top), width)
    discs_top = top + AGE_HEIGHT + _GAP
    notes_top = draw_discs(page, findings.discs, (left, discs_top), (width, 530)) + _GAP
    draw_notes(page, findings, (left, notes_top), (width, bottom - notes_top))
    _draw_footer(page, findings, references, run)
    return page.pixels


def _draw_header(page: Page, run: RunContext) -> int:
    page.text((_MARGIN, 16), wording.page_title(run.revision), _TITLE)
    words = wording.RESEARCH_ONLY.upper()
    page.text((WIDTH - _MARGIN, 16), words, Style(28, WARNING, bold=True), "ra")
    if not run.demonstration:
        return 66
    page.box((0, 62, WIDTH, 110), WARNING)
    page.text((WIDTH / 2, 86), wording.DEMONSTRATION_NOTICE, _NOTICE, "mm")
    return 124


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
        _paste(page, picture, (left, y + (room[1] - 28 - height) // 2))
        left += width + spare // (len(pictures) + 1)
    page.text((x, y + room[1] - 22), wording.picture_caption(findings.segmentation), _FAINT)


def _paste(page: Page, picture: SpinePicture, corner: tuple[int, int]) -> None:
    left, top = corner
    page.paste(picture.pixels, corner)
    for name in picture.names:
        page.text((left + name.at[0], top + name.at[1]), name.name, _LEVEL, "rm")
    width = picture.pixels.shape[1]
    page.text((left + 8, top + 6), "A", _SIDE)
    page.text((left + width - 8, top + 6), "P", _SIDE, "ra")


def _draw_footer(
    page: Page, findings: Findings, references: tuple[ModelReference, ...], run: RunContext
) -> None:
    y: float = HEIGHT - _FOOTER_HEIGHT + 12
    width = WIDTH - 2 * _MARGIN
    page.text((_MARGIN, y), wording.evidence_line(evidence(findings)), Style(19, bold=True))
    page.text((WIDTH - _MARGIN, y), wording.RESEARCH_NOTICE, Style(17), "ra")
    models = wording.models_line(references, run.code_version)
    y = page.paragraph((_MARGIN, y + 32), models, _FAINT, width)
    page.text((_MARGIN, y), wording.analysis_line(run.analysis_time), _FAINT)
