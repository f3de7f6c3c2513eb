"""The page that shows where the age network looked; beside the summary, never part of a report."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spine.findings import AgeEstimate, Findings, ModelReference, Segmentation
from spine.findings_heat import AgeHeat
from spine.imaging.pictures import tint
from spine.imaging.volume import Volume
from spine.reporting import wording, wording_heat
from spine.reporting.colors import HEAT_COLORS
from spine.reporting.context import RunContext
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
from spine.reporting.spine_picture import draw_heat

_WORDS_WIDTH = 470
_MAP_WIDTH = (WIDTH - _WORDS_WIDTH - 4 * MARGIN) // 2
_PADDING = 20
_HEADING = Style(22, bold=True)
_NOTE = Style(21)
_SMALL = Style(17, FAINT)
_BAR_HEIGHT = 28
_GAP = 22
# The bar lies on a middle gray, as the maps do on anatomy.
_ANATOMY = 110


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """One of the two maps, and its share of all heat."""

    heading: str
    heat: Volume | None
    share: float | None


def draw_heat_page(
    findings: Findings, references: tuple[ModelReference, ...], run: RunContext
) -> NDArray[np.uint8] | None:
    """Draw both maps over the middle sagittal slice; None where there are none to draw.

    Returns
    -------
    uint8, shape (1200, 1600, 3)
        Without name, identifier or date of the patient.
    """
    page = compose_heat_page(findings, references, run)
    return None if page is None else page.pixels


def compose_heat_page(
    findings: Findings, references: tuple[ModelReference, ...], run: RunContext
) -> Page | None:
    """Draw the page, which then also knows its words; None where there is nothing to draw."""
    segmentation, age = findings.segmentation, findings.age
    if not isinstance(segmentation, Segmentation) or not isinstance(age, AgeEstimate):
        return None
    if age.heat is None:
        return None
    page = Page(WIDTH, HEIGHT)
    top = draw_header(page, wording_heat.TITLE, run)
    for number, part in enumerate(_parts(age.heat)):
        _draw_map(page, segmentation, part, (MARGIN + number * (_MAP_WIDTH + MARGIN), top))
    _draw_words(page, age.heat, (WIDTH - MARGIN - _WORDS_WIDTH, top))
    draw_footer(page, findings, references, run)
    return page


def _parts(heat: AgeHeat) -> tuple[_Part, _Part]:
    older = heat.older_share
    younger = None if older is None else 1 - older
    return (
        _Part(wording_heat.OLDER, heat.older, older),
        _Part(wording_heat.YOUNGER, heat.younger, younger),
    )


def _draw_map(page: Page, segmentation: Segmentation, part: _Part, corner: tuple[int, int]) -> None:
    x, y = corner
    page.text(corner, part.heading, _HEADING)
    page.text((x, y + _HEADING.line_height), _amount(part), _SMALL)
    y += _HEADING.line_height + _SMALL.line_height + 6
    picture = draw_heat(segmentation, part.heat, (_MAP_WIDTH, BOTTOM - y))
    spare = _MAP_WIDTH - picture.pixels.shape[1]
    paste(page, picture, (x + spare // 2, y))


def _amount(part: _Part) -> str:
    if part.heat is None or part.share is None:
        return wording_heat.NO_HEAT
    return wording_heat.amount(part.share, is_even=not part.heat.data.any())


def _draw_words(page: Page, heat: AgeHeat, corner: tuple[int, int]) -> None:
    x, y = corner
    page.box((x, y, x + _WORDS_WIDTH, BOTTOM), PANEL)
    left, width = x + _PADDING, _WORDS_WIDTH - 2 * _PADDING
    below = page.paragraph((left, y + _PADDING), wording_heat.NOTE, _NOTE, width) + _GAP
    below = page.paragraph((left, below), wording_heat.resolution(heat), _SMALL, width) + _GAP
    below = _draw_legend(page, (left, below), width) + _GAP
    page.text((left, below), wording_heat.SHARES_HEADING, _HEADING)
    below += _HEADING.line_height
    for words in wording_heat.shares(heat):
        below = page.paragraph((left, below), words, _SMALL, width) + 4
    for caution in heat.cautions:
        words = wording.caution_sentence(caution)
        below = page.paragraph((left, below + 8), words, Style(17, WARNING), width)


def _draw_legend(page: Page, at: tuple[float, float], width: int) -> float:
    """Draw the bar of colors as they look over anatomy; return the y below it."""
    x, y = at
    page.text((x, y), wording_heat.LEGEND, _HEADING)
    y += _HEADING.line_height + 4
    values = np.tile(np.linspace(0, 1, width, dtype=np.float32), (_BAR_HEIGHT, 1))
    gray = np.full((_BAR_HEIGHT, width, 3), _ANATOMY, dtype=np.uint8)
    page.paste(tint(gray, values, HEAT_COLORS), (round(x), round(y)))
    y += _BAR_HEIGHT + 6
    page.text((x, y), wording_heat.LEAST, _SMALL)
    page.text((x + width, y), wording_heat.MOST, _SMALL, "ra")
    return y + _SMALL.line_height
