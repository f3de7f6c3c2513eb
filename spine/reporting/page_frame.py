"""What every page of pictures has: title, notices, what it rests on, and marked slices."""

from spine.findings import Findings, ModelReference
from spine.reporting import wording
from spine.reporting.context import RunContext
from spine.reporting.doubts import evidence
from spine.reporting.drawing import FAINT, INK, WARNING, Page, Style, text_width
from spine.reporting.spine_picture import SpinePicture

WIDTH, HEIGHT = 1600, 1200
MARGIN = 20
_FOOTER_HEIGHT = 116
BOTTOM = HEIGHT - _FOOTER_HEIGHT
_TITLE = Style(28, bold=True)
_SMALL_TITLE = Style(22, bold=True)
_REVISION = Style(20, WARNING, bold=True)
_NOTICE = Style(30, INK, bold=True)
_LEVEL = Style(18, bold=True, halo=True)
_SIDE = Style(24, bold=True, halo=True)
_FAINT = Style(16, FAINT)
# Viewers write into the corners of what they show: what must be read stays clear of them.
_SIDE_OVERLAY, _CORNER_OVERLAY = 580, 110
_BAND_HEIGHT = 48


def draw_header(page: Page, title: str, run: RunContext) -> int:
    """Write the title and the notices; return the y below them."""
    later = wording.revision_words(run.revision)
    words = wording.RESEARCH_ONLY.upper()
    if not run.demonstration:
        page.text((MARGIN, 16), title, _TITLE)
        page.text((MARGIN + text_width(title, _TITLE) + 24, 22), later, _REVISION)
        page.text((WIDTH - MARGIN, 16), words, Style(28, WARNING, bold=True), "ra")
        return 66
    # The gravest notice on top: OHIF lays its player and the series' name below it.
    page.box((0, 0, WIDTH, _BAND_HEIGHT), WARNING)
    page.text((WIDTH / 2, _BAND_HEIGHT / 2), wording.DEMONSTRATION_NOTICE, _NOTICE, "mm")
    below = _BAND_HEIGHT + 38
    left = MARGIN + _SIDE_OVERLAY
    page.text((left, below), title, _SMALL_TITLE, "lm")
    page.text((left + text_width(title, _SMALL_TITLE) + 20, below), later, _REVISION, "lm")
    page.text((WIDTH - MARGIN, below), words, Style(22, WARNING, bold=True), "rm")
    return 124


def paste(page: Page, picture: SpinePicture, corner: tuple[int, int]) -> None:
    """Lay a slice on the page, with its level names and its sides."""
    left, top = corner
    page.paste(picture.pixels, corner)
    for name in picture.names:
        page.text((left + name.at[0], top + name.at[1]), name.name, _LEVEL, "rm")
    width = picture.pixels.shape[1]
    page.text((left + 8, top + 6), "A", _SIDE)
    page.text((left + width - 8, top + 6), "P", _SIDE, "ra")


def draw_footer(
    page: Page, findings: Findings, references: tuple[ModelReference, ...], run: RunContext
) -> None:
    """Say below `BOTTOM` what the page rests on."""
    y: float = BOTTOM + 12
    width = WIDTH - 2 * MARGIN
    page.text((MARGIN, y), wording.evidence_line(evidence(findings)), Style(19, bold=True))
    page.text((WIDTH - MARGIN, y), wording.RESEARCH_NOTICE, Style(17), "ra")
    models = wording.models_line(references, run.code_version)
    left = MARGIN + _CORNER_OVERLAY
    y = page.paragraph((left, y + 32), models, _FAINT, width - _CORNER_OVERLAY)
    page.text((left, y), wording.analysis_line(run.analysis_time), _FAINT)
